#!/bin/sh
# Writes the keys of encrypted_test.go: one new P-256 key, encrypted by OpenSSL 3 in the
# common formats. The passphrase is the one of the tests.
set -eu
cd "$(dirname "$0")"
openssl ecparam -name prime256v1 -genkey -noout -out plain.pem
pkcs8() { openssl pkcs8 -topk8 -in plain.pem -passout 'pass:correct horse' "$@"; }
pkcs8 -out pbes2-sha256.pem
pkcs8 -v2 aes-128-cbc -v2prf hmacWithSHA1 -out pbes2-sha1.pem
pkcs8 -v2 aes-192-cbc -v2prf hmacWithSHA384 -out pbes2-sha384.pem
pkcs8 -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000 -out pbes2-sha512.pem
pkcs8 -v2 des3 -out des3.pem
pkcs8 -scrypt -out scrypt.pem
pkcs8 -v1 PBE-SHA1-3DES -out pbes1.pem
openssl ec -in plain.pem -aes256 -passout 'pass:correct horse' -out legacy.pem
