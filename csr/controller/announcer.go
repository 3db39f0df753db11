package controller

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/trustgen/trustgen/ca"
)

// AnnouncementsName is the ConfigMap in which CAs are announced. It is in the namespace
// of cluster issuers' Secrets, and has to be there: it is not made.
const AnnouncementsName = "trustgen-crls"

// announcer puts the CAs of an issuer into the ConfigMap, each under a key of its own: no
// replica touches what another one has written, but for what has ended.
type announcer struct {
	reader    client.Reader // past the cache
	writer    client.Writer
	namespace string
	issuer    string
	now       func() time.Time
}

// Announce implements local.Announcer. The root is left out: who trusts it has it.
func (a announcer) Announce(ctx context.Context, chain []*x509.Certificate, crl *x509.RevocationList) (news bool, err error) {
	there := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: AnnouncementsName}}
	if err := a.reader.Get(ctx, client.ObjectKeyFromObject(there), there); err != nil {
		return false, a.failed(err)
	}
	changes := make(map[string]*string) // null removes a key
	for key, value := range there.Data {
		if hasEnded(value, a.now()) {
			changes[key] = nil
		}
	}
	key, value := a.key(chain[0]), string(ca.MarshalCertificates(chain[:len(chain)-1]...))+string(ca.MarshalCRLs(crl))
	if news = there.Data[key] != value; news {
		changes[key] = &value
	}
	if len(changes) == 0 {
		return false, nil
	}
	patch, err := json.Marshal(map[string]any{"data": changes})
	if err != nil {
		return false, a.failed(err)
	}
	if err := a.writer.Patch(ctx, there, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return false, a.failed(err)
	}
	return news, nil
}

func (a announcer) failed(err error) error {
	return fmt.Errorf("the %s %q in %s: %w", kindConfigMap, AnnouncementsName, a.namespace, err)
}

// key is a name that no other CA has.
func (a announcer) key(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return a.issuer + "." + hex.EncodeToString(sum[:8]) + ".pem"
}

// hasEnded reports whether a value is about a CA that has ended. Of what is no CA that is
// not known.
func hasEnded(value string, now time.Time) bool {
	block, _ := pem.Decode([]byte(value))
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	return err == nil && !now.Before(cert.NotAfter)
}
