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

// AnnouncementsName is the ConfigMap in which CAs are announced, in the namespace of cluster
// issuers' Secrets. It has to exist: the controller does not create it.
const AnnouncementsName = "trustgen-crls"

// announcer writes the CAs of an issuer to the ConfigMap, each under a key of its own, so
// that replicas do not change each other's CAs. Every replica removes expired CAs.
type announcer struct {
	reader    client.Reader // without a cache
	writer    client.Writer
	namespace string
	issuer    string
	now       func() time.Time
}

// Announce implements local.Announcer. It leaves out the root, which verifiers have.
func (a announcer) Announce(ctx context.Context, chain []*x509.Certificate, crl *x509.RevocationList) (changed bool, err error) {
	current := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: AnnouncementsName}}
	if err := a.reader.Get(ctx, client.ObjectKeyFromObject(current), current); err != nil {
		return false, a.failed(err)
	}
	changes := make(map[string]*string) // null removes a key
	for key, value := range current.Data {
		if hasExpired(value, a.now()) {
			changes[key] = nil
		}
	}
	key, value := a.key(chain[0]), string(ca.MarshalCertificates(chain[:len(chain)-1]...))+string(ca.MarshalCRLs(crl))
	if changed = current.Data[key] != value; changed {
		changes[key] = &value
	}
	if len(changes) == 0 {
		return false, nil
	}
	patch, err := json.Marshal(map[string]any{"data": changes})
	if err != nil {
		return false, a.failed(err)
	}
	if err := a.writer.Patch(ctx, current, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return false, a.failed(err)
	}
	return changed, nil
}

func (a announcer) failed(err error) error {
	return fmt.Errorf("the %s %q in %s: %w", kindConfigMap, AnnouncementsName, a.namespace, err)
}

// key is unique to the CA.
func (a announcer) key(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return a.issuer + "." + hex.EncodeToString(sum[:8]) + ".pem"
}

// hasExpired reports whether a value begins with an expired certificate. Other values do not
// expire.
func hasExpired(value string, now time.Time) bool {
	block, _ := pem.Decode([]byte(value))
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	return err == nil && !now.Before(cert.NotAfter)
}
