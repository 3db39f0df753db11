package e2e_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// testdata has the policies of package csr, and requests for them.
const testdata = "../../csr/testdata"

// posed is a request of the corpus and its result.
type posed struct {
	Title, Policy, Kind string
	Requester           struct {
		Username string
		Groups   []string
	}
	Usages    []string
	Lifetime  string
	RefusedBy []string
	CSR       string
	Names     any

	name   string // of the object
	unmade string // the reason why there is none
	err    error  // of the API server
}

func readCorpus(t *testing.T, which string) []*posed {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata, "corpus", which, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the corpus has %d files: %v", len(files), err)
	}
	var all []*posed
	for n, file := range files {
		p := &posed{}
		if err := yaml.Unmarshal(read(t, file), p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p.name, p.unmade = p.object(which, n)
		all = append(all, p)
	}
	return all
}

// object returns the name of the CertificateSigningRequest, or the reason why the API cannot
// express the request.
func (p *posed) object(which string, n int) (name, unmade string) {
	lifetime, err := time.ParseDuration(p.Lifetime)
	switch {
	case p.Kind != "CertificateSigningRequest":
		return "", "it is a " + p.Kind
	case p.Names != nil:
		return "", "it has names beside the CSR"
	case err != nil || lifetime%time.Second != 0 || lifetime > math.MaxInt32*time.Second:
		return "", "its lifetime does not fit into 32 bits of seconds"
	}
	return fmt.Sprintf("%s-%03d", which, n), ""
}

// request returns the CertificateSigningRequest.
func (p *posed) request() *certificatesv1.CertificateSigningRequest {
	r := newRequest(p.name, p.Policy, []byte(p.CSR))
	r.Spec.Usages = nil
	for _, usage := range p.Usages {
		r.Spec.Usages = append(r.Spec.Usages, certificatesv1.KeyUsage(usage))
	}
	if lifetime, _ := time.ParseDuration(p.Lifetime); lifetime != 0 {
		r.Spec.ExpirationSeconds = new(int32(lifetime / time.Second))
	}
	return r
}

// pose creates and approves all requests that the API can express, several at a time.
func pose(ctx context.Context, t *testing.T, c *cluster.Cluster, all []*posed) {
	t.Helper()
	requesters := make(map[string]*cluster.Cluster)
	for _, p := range all {
		if p.name != "" && requesters[p.requester()] == nil {
			requesters[p.requester()] = c.As(t, p.Requester.Username, p.Requester.Groups...)
		}
	}
	work := make(chan *posed)
	var working sync.WaitGroup
	for range 4 {
		working.Go(func() {
			for p := range work {
				r := p.request()
				if p.err = requesters[p.requester()].Create(ctx, requestsPath, r, r); p.err != nil {
					continue
				}
				if err := approve(ctx, c, r); err != nil {
					t.Errorf("%s: it cannot be approved: %v", p.Title, err)
				}
			}
		})
	}
	for _, p := range all {
		if p.name != "" {
			work <- p
		}
	}
	close(work)
	working.Wait()
}

func (p *posed) requester() string { return fmt.Sprint(p.Requester) }

// tally returns the number of requests for each outcome, with an example.
func tally(all []*posed) string {
	outcomes := make(map[string][]string)
	for _, p := range all {
		outcome := "reached the controller"
		switch refused := (*cluster.StatusError)(nil); {
		case p.name == "":
			outcome = "not expressible: " + p.unmade
		case errors.As(p.err, &refused):
			outcome = "refused by the API server: " + reasonOf(refused)
		case p.err != nil:
			outcome = "cannot be sent: " + p.err.Error()
		}
		outcomes[outcome] = append(outcomes[outcome], p.Title)
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, outcome := range slices.SortedFunc(maps.Keys(outcomes), func(a, b string) int {
		return cmp.Or(len(outcomes[b])-len(outcomes[a]), strings.Compare(a, b))
	}) {
		fmt.Fprintf(w, "%d\t%s\t%q\n", len(outcomes[outcome]), outcome, outcomes[outcome][0])
	}
	w.Flush()
	return b.String()
}

// reasonOf returns the message of a refusal without the values of the object.
func reasonOf(e *cluster.StatusError) string {
	var status struct{ Message string }
	if err := yaml.Unmarshal([]byte(e.Message), &status); err != nil {
		return e.Message
	}
	_, message, _ := strings.Cut(status.Message, "is invalid: ")
	field, why, _ := strings.Cut(message, ": Invalid value: ")
	if i := strings.LastIndex(why, ": "); i >= 0 {
		why = why[i+2:]
	}
	message = strings.TrimSpace(field + ": " + why)
	return message[:min(len(message), 100)]
}
