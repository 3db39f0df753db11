package main

import (
	"context"
	"errors"
	"net/http"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// TestTheControllerDropsIntoAManager makes the manager without a cluster, and sees that
// it asks for what the controller works on once it is started.
func TestTheControllerDropsIntoAManager(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	cluster := &rest.Config{Host: "https://cluster.example", Transport: offline(asked)}
	m, err := newManager(cluster, manager.Options{
		Metrics:        server.Options{BindAddress: "0"},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return mapper(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	missing := map[string]bool{
		"/apis/certificates.k8s.io/v1/certificatesigningrequests": true,
		"/apis/trustgen.io/v1alpha1/trustclusterissuers":          true,
	}
	for len(missing) > 0 {
		select {
		case path := <-asked:
			delete(missing, path)
		case err := <-ended:
			t.Fatalf("the manager has ended: %v; nobody asked for %v", err, missing)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWhatIsToldStaysWhatItIs(t *testing.T) {
	t.Parallel()
	var wrapped issuer.Issuer = told{able{}, "mesh"}
	if _, ok := issuer.As[issuer.Checker](wrapped); !ok {
		t.Error("the issuer behind it cannot be checked any more")
	}
	if _, err := wrapped.Issue(t.Context(), issuer.Request{}); !errors.Is(err, errOffline) {
		t.Errorf("got %v, want the error of the issuer", err)
	}
}

var errOffline = errors.New("there is no cluster")

// offline is a network that takes down who is asked for.
type offline chan<- string

func (o offline) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case o <- r.URL.Path:
	default:
	}
	return nil, errOffline
}

func mapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	m.Add(certificatesv1.SchemeGroupVersion.WithKind("CertificateSigningRequest"), meta.RESTScopeRoot)
	m.Add(schema.GroupVersion{Group: v1alpha1.Group, Version: v1alpha1.Version}.WithKind(v1alpha1.KindTrustClusterIssuer), meta.RESTScopeRoot)
	return m
}

type able struct{ issuer.Issuer }

func (able) Check(context.Context) error { return nil }

func (able) Issue(context.Context, issuer.Request) (*issuer.Chain, error) { return nil, errOffline }
