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

// TestNewManager_StartsTheController starts the manager without a cluster, and checks
// that it requests the objects that the controller works on.
func TestNewManager_StartsTheController(t *testing.T) {
	t.Parallel()
	requested := make(chan string, 100)
	cluster := &rest.Config{Host: "https://cluster.example", Transport: offline(requested)}
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
		case path := <-requested:
			delete(missing, path)
		case err := <-ended:
			t.Fatalf("the manager has ended: %v; %v were not requested", err, missing)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLogged_KeepsTheInterfacesOfItsIssuer(t *testing.T) {
	t.Parallel()
	var wrapped issuer.Issuer = logged{checkable{}, "mesh"}
	if _, ok := issuer.As[issuer.Checker](wrapped); !ok {
		t.Error("the wrapped issuer has no Check any more")
	}
	if _, err := wrapped.Issue(t.Context(), issuer.Request{}); !errors.Is(err, errOffline) {
		t.Errorf("got %v, want the error of the issuer", err)
	}
}

var errOffline = errors.New("there is no cluster")

// offline is a network without servers, which records the requested paths.
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

type checkable struct{ issuer.Issuer }

func (checkable) Check(context.Context) error { return nil }

func (checkable) Issue(context.Context, issuer.Request) (*issuer.Chain, error) {
	return nil, errOffline
}
