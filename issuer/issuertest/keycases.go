package issuertest

import (
	"context"
	"crypto"

	"github.com/trustgen/trustgen/ca"
)

func keyCases() []testCase {
	return []testCase{
		keyCase("a P-256 key is certified", func(*keys) (crypto.Signer, error) { return ca.GenerateKey(ca.P256) }),
		keyCase("a P-384 key is certified", func(*keys) (crypto.Signer, error) { return ca.GenerateKey(ca.P384) }),
		keyCase("an RSA key of 2048 bits is certified", func(k *keys) (crypto.Signer, error) { return k.rsa2048() }),
		keyCase("an RSA key of 3072 bits is certified", func(k *keys) (crypto.Signer, error) { return k.rsa3072() }),
	}
}

func keyCase(name string, key func(*keys) (crypto.Signer, error)) testCase {
	return testCase{name: name, when: always, run: func(ctx context.Context, s *suite) error {
		k, err := key(s.keys)
		if err != nil {
			return err
		}
		r, err := s.request(k)
		if err != nil {
			return err
		}
		_, err = s.ask(ctx, r)
		return err
	}}
}
