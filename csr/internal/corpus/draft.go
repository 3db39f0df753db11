package corpus

import (
	"encoding/pem"
	"slices"
)

// The workload of the corpus, and the server.
const (
	cartID     = "spiffe://cluster.local/ns/shop/sa/cart"
	istiodHost = "istiod.istio-system.svc"
)

// draft is a CSR under construction. A new one is valid.
type draft struct {
	version    []byte
	subject    []byte
	spki       []byte // nil: that of the key
	key        key
	attributes [][]byte
	more       [][]byte // elements after the attributes
	// sign is how it is signed; nil means with the key.
	sign func(tbs []byte) (algorithm, signature []byte)
}

func newDraft() *draft {
	return &draft{
		version:    der(tagInteger, []byte{0}),
		subject:    seq(),
		key:        p256("workload"),
		attributes: [][]byte{extensionRequest(san(uri(cartID)))},
	}
}

// names makes it a CSR for these names.
func (d *draft) names(names ...[]byte) { d.extensions(san(names...)) }

func (d *draft) extensions(extensions ...[]byte) {
	d.attributes = [][]byte{extensionRequest(extensions...)}
}

// unsigned makes it a CSR for a key that nobody has, with random bytes as its signature.
func (d *draft) unsigned(spki []byte) {
	d.spki = spki
	d.sign = func([]byte) (algorithm, signature []byte) {
		return d.key.algorithm, stream("signature", 64)
	}
}

func (d *draft) der() []byte {
	public, sign := d.spki, d.sign
	if public == nil {
		public = d.key.spki()
	}
	if sign == nil {
		sign = d.key.sign
	}
	tbs := seq(slices.Concat(d.version, d.subject, public, der(tagContext|constructed, d.attributes...), slices.Concat(d.more...)))
	algorithm, signature := sign(tbs)
	return seq(tbs, algorithm, bits(signature))
}

// Signed makes a CSR in PEM of any subject and any attributes, which need not be DER. It is
// signed with its own key, so that nothing else is wrong with it.
func Signed(subject, attributes []byte) []byte {
	d := newDraft()
	d.subject, d.attributes = subject, [][]byte{attributes}
	return []byte(block(d.der()))
}

// Parts are the subject and the attributes of a case of the corpus.
type Parts struct{ Subject, Attributes []byte }

// AllParts are those of the whole corpus, each once, for [Signed].
func AllParts() []Parts {
	var all []Parts
	seen := make(map[string]bool)
	for _, s := range specs() {
		d := newDraft()
		if s.csr != nil {
			s.csr(d)
		}
		parts := Parts{d.subject, slices.Concat(d.attributes...)}
		if id := string(parts.Subject) + string(parts.Attributes); !seen[id] {
			seen[id] = true
			all = append(all, parts)
		}
	}
	return all
}

// armor writes PEM.
func armor(blockType string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: content}))
}
