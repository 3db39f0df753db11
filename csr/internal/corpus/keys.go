package corpus

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // for a hostile case
	"crypto/sha256"
	_ "crypto/sha512" // for P-384
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"sync"
)

// key is a key of the corpus, with the algorithm that it signs with.
type key struct {
	signer    crypto.Signer
	algorithm []byte
	hash      crypto.Hash
}

func (k key) spki() []byte { return spki(k.signer.Public()) }

// sign gives the signature algorithm and the signature. There is no randomness: ECDSA
// is that of RFC 6979 then.
func (k key) sign(tbs []byte) (algorithm, signature []byte) {
	digest := tbs
	if k.hash != 0 {
		h := k.hash.New()
		h.Write(tbs)
		digest = h.Sum(nil)
	}
	signature, err := k.signer.Sign(nil, digest, k.hash)
	if err != nil {
		panic("corpus: sign: " + err.Error())
	}
	return k.algorithm, signature
}

func spki(public crypto.PublicKey) []byte {
	encoded, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic("corpus: public key: " + err.Error())
	}
	return encoded
}

func p256(name string) key {
	return key{ec(elliptic.P256(), name, 32), seq(oid(oidECDSAWithSHA256)), crypto.SHA256}
}

// sha1Key signs with SHA-1.
func sha1Key(name string) key {
	return key{ec(elliptic.P256(), name, 32), seq(oid(oidECDSAWithSHA1)), crypto.SHA1}
}

func p384(name string) key {
	return key{ec(elliptic.P384(), name, 48), seq(oid(oidECDSAWithSHA384)), crypto.SHA384}
}

// curve is a key of a curve that is not accepted.
func curve(c elliptic.Curve, name string) key {
	return key{ec(c, name, (c.Params().BitSize+7)/8), seq(oid(oidECDSAWithSHA256)), crypto.SHA256}
}

func ec(c elliptic.Curve, name string, size int) crypto.Signer {
	seed := stream(name, size)
	seed[0] = 0 // below the order
	k, err := ecdsa.ParseRawPrivateKey(c, seed)
	if err != nil {
		panic("corpus: " + name + ": " + err.Error())
	}
	return k
}

func ed(name string) key {
	return key{ed25519.NewKeyFromSeed(stream(name, ed25519.SeedSize)), seq(oid(oidEd25519)), 0}
}

// rsaExponent is the public exponent of every valid key.
const rsaExponent = 65537

// rsaKey is a key of RSA that depends on its name only. It is for tests: its primes are
// not random.
func rsaKey(name string, size int, p, q int64) key {
	primes := []*big.Int{prime(name+" p", size/2, p), prime(name+" q", size/2, q)}
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(primes[0], one), new(big.Int).Sub(primes[1], one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(primes[0], primes[1]), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), phi),
		Primes:    primes,
	}
	k.Precompute()
	return key{k, seq(oid(oidRSAWithSHA256), der(tagNull)), crypto.SHA256}
}

// The RSA keys of the corpus, with the distances of their primes from the numbers that
// depend on the name: a search would take seconds.
var (
	pilotAgentKey   = sync.OnceValue(func() key { return rsaKey("pilot-agent", 2048, 802, 4) })
	istiodKey       = sync.OnceValue(func() key { return rsaKey("istiod", 2048, 246, 3340) })
	workloadRSA3072 = sync.OnceValue(func() key { return rsaKey("workload", 3072, 520, 3078) })
)

// prime is the prime at a distance from an odd number that depends on the name, with its two
// upper bits set.
func prime(name string, size int, distance int64) *big.Int {
	p := new(big.Int).SetBytes(stream(name, size/8))
	p.SetBit(p, size-1, 1).SetBit(p, size-2, 1).SetBit(p, 0, 1)
	if !p.Add(p, big.NewInt(distance)).ProbablyPrime(0) {
		panic("corpus: " + name + ": no prime at this distance")
	}
	return p
}

// rsaSize is a public key of that size without a private one.
func rsaSize(bitLen int) *rsa.PublicKey {
	n := new(big.Int).SetBit(big.NewInt(1), bitLen-1, 1)
	return &rsa.PublicKey{N: n, E: rsaExponent}
}

// spkiOf is a public key of any algorithm.
func spkiOf(algorithm asn1.ObjectIdentifier, content []byte) []byte {
	return seq(seq(oid(algorithm)), bits(content))
}

// stream is so many bytes that depend on a name only.
func stream(name string, size int) []byte {
	var all []byte
	for i := uint32(0); len(all) < size; i++ {
		block := sha256.Sum256(binary.BigEndian.AppendUint32([]byte(name), i))
		all = append(all, block[:]...)
	}
	return all[:size]
}
