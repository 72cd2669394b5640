// Checks the envelope of a certificate with @sigstore/verify: node verify.js BUNDLE KEYSET
// No network, no transparency log of others: the key is the one that the key set publishes.
"use strict";
const fs = require("fs");
const crypto = require("crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

const [certificate, keySet] = process.argv.slice(2).map((file) => JSON.parse(fs.readFileSync(file, "utf8")));
const keys = {};
for (const key of keySet.keys.filter((each) => each.purpose === "certificate" && each.status !== "revoked")) {
  keys[key.keyId] = { rawBytes: crypto.createPublicKey(key.pem).export({ type: "spki", format: "der" }) };
}
const bundle = bundleFromJSON({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: { publicKey: { hint: certificate.envelope.signatures[0].keyid }, tlogEntries: [] },
  dsseEnvelope: certificate.envelope,
});
const trust = toTrustMaterial(
  { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] },
  keys,
);
try {
  new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
} catch (error) {
  console.error(`${error.code}: ${error.message}`);
  process.exit(1);
}
const statement = JSON.parse(Buffer.from(certificate.envelope.payload, "base64"));
console.log(`${statement.predicateType} ${statement.predicate.verdict}`);
