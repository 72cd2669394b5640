import { isIP } from "node:net";

/** A token or API key, or what gives the newest one; asked before every call, so it has to be quick. */
export type Token = string | (() => string | Promise<string>);

/** Who signs the gate's certificate, and the certificate of this client, in PEM. */
export interface Tls {
  /** Authorities; those that Node ships when left out. */
  readonly ca?: string | Buffer;
  /** Certificate of the client, for the port that asks for one. */
  readonly certificate?: string | Buffer;
  /** Its private key. */
  readonly key?: string | Buffer;
}

/** Throws when a token would travel to another machine in clear, or when a certificate lacks its key. */
export function checkCredentials(url: URL, token: Token | undefined, tls: Tls | undefined): void {
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`${url.href}: expected https://HOST:PORT, or http://HOST:PORT on this machine`);
  }
  if (token !== undefined && url.protocol === "http:" && !isLocal(url.hostname)) {
    throw new TypeError(`a token would go to ${url.host} in clear; use https://`);
  }
  if (tls !== undefined && url.protocol === "http:") {
    throw new TypeError(`${url.href} is not encrypted, so that tls has no use; use https://`);
  }
  if ((tls?.certificate === undefined) !== (tls?.key === undefined)) {
    throw new TypeError("a client certificate and its key belong together");
  }
}

/** True when a host is this machine, whatever it is asked about names. */
function isLocal(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}
