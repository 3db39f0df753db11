package fabric

import (
	"crypto"

	"github.com/trustgen/trustgen/ca"
)

// SetGenerateKey replaces where keys come from.
func SetGenerateKey(f *Fabric, generate func(ca.KeyType) (crypto.Signer, error)) {
	f.generateKey = generate
}
