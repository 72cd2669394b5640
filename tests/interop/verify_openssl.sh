#!/bin/sh
# Checks the envelope of a certificate with openssl and jq alone: verify_openssl.sh BUNDLE KEYSET
set -eu
bundle=$1
keys=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

keyid=$(jq -r '.envelope.signatures[0].keyid' "$bundle")
jq -er --arg id "$keyid" '.keys[] | select(.keyId == $id and .purpose == "certificate" and .status != "revoked") | .pem' \
  "$keys" > "$work/key.pem" || { echo "the key $keyid is not known" >&2; exit 1; }
jq -r '.envelope.signatures[0].sig' "$bundle" | base64 -d > "$work/signature"
jq -r '.envelope.payload' "$bundle" | base64 -d > "$work/payload"
kind=$(jq -r '.envelope.payloadType' "$bundle")

# What DSSE signs: DSSEv1, and type and payload, each after its length in bytes.
{
  printf 'DSSEv1 %d %s %d ' "$(printf %s "$kind" | wc -c)" "$kind" "$(wc -c < "$work/payload")"
  cat "$work/payload"
} > "$work/signed"
openssl dgst -sha256 -verify "$work/key.pem" -signature "$work/signature" "$work/signed" >&2
jq -r '"\(.predicateType) \(.predicate.verdict)"' "$work/payload"
