package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/leftover"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// trial is the expected behaviour of a mode of the test-bed.
type trial struct {
	tried   [][]string // expected output of the commands of the guide
	inspect int        // index of the command that prints the certificate of a workload
	talk    int        // index of the command that connects by mutual TLS
	runs    []string   // in each cluster
}

func trials() map[string]trial {
	certificate := []string{"spiffe://cluster.local/ns/shop/sa/checkout", "CN=east ", "CN=root "}
	talk := []string{"Verification: OK", "welcome spiffe://cluster.local/ns/shop/sa/checkout"}
	return map[string]trial{
		"plugin": {
			inspect: 2, talk: 3, runs: []string{"etcd", "kube-apiserver", "pilot-discovery"},
			tried: [][]string{
				{"root ", "east ", "west "},
				{"ca-cert.pem: certificate", "CN=east ", "ca-key.pem: private key"},
				certificate,
				talk,
				{"secret/cacerts serverside-applied"},
			},
		},
		"ra": {
			inspect: 3, talk: 4, runs: []string{"etcd", "kube-apiserver", "pilot-discovery", "trustgen"},
			tried: [][]string{
				{"mesh   True    Ready    east ", "mesh  TrustClusterIssuer  ca       True   Ready   east "},
				{"No resources found in istio-system namespace."},
				{"csr-workload-", "trustclusterissuers.trustgen.io/mesh", "system:serviceaccount:istio-system:istiod", "Approved,Issued"},
				certificate,
				talk,
				{"allowed", "rule       workloads", "lifetime   4h0m0s, requested 24h0m0s"},
				{"refused", "is not for the requester shop/checkout"},
				{"secret/cacerts serverside-applied"},
			},
		},
	}
}

// TestTestbed_GuideWorks runs `make testbed`, each command that it prints, and Ctrl-C.
func TestTestbed_GuideWorks(t *testing.T) {
	for mode, want := range trials() {
		t.Run(mode, func(t *testing.T) {
			bed := startTestbed(t, mode)
			bed.assertDoes(t, want)
			running := slices.Sorted(slices.Values(leftover.Processes(t, bed.tmp)))
			if both := slices.Sorted(slices.Values(slices.Repeat(want.runs, 2))); !slices.Equal(running, both) {
				t.Errorf("the test-bed runs %v, want %v", running, both)
			}
			bed.pressCtrlC(t)
			bed.assertGone(t)
		})
	}
}

// assertDoes runs the commands of the guide. The last one renews the CA of east.
func (b *testbed) assertDoes(t *testing.T, want trial) {
	t.Helper()
	commands := b.readGuide(t)
	if len(commands) != len(want.tried) {
		t.Fatalf("the guide has the commands %q, want %d", commands, len(want.tried))
	}
	var said string
	for n, command := range commands {
		said = b.try(t, command)
		t.Logf("$ %s\n%s", command, said)
		for _, part := range want.tried[n] {
			if !strings.Contains(said, part) {
				t.Errorf("%s: does not print %q:\n%s", command, part, said)
			}
		}
	}
	made := regexp.MustCompile(`renewed +(east \w+)`).FindStringSubmatch(said)
	if made == nil {
		t.Fatalf("the last command printed no renewed CA:\n%s", said)
	}
	b.assertIssuer(t, commands[want.inspect], made[1])
	if said := b.try(t, commands[want.talk]); !strings.Contains(said, "welcome") {
		t.Errorf("the workloads do not connect after the renewal:\n%s", said)
	}
}

func TestTestbed_CtrlCWhileStarting(t *testing.T) {
	bed := startTestbed(t, "ra")
	bed.await(t, func() error {
		if !slices.Contains(leftover.Processes(t, bed.tmp), "kube-apiserver") {
			return errors.New("the API server does not run yet")
		}
		return nil
	})
	bed.pressCtrlC(t)
	bed.assertGone(t)
}

// assertIssuer waits until subject is the issuer of the certificate that the command inspect
// shows.
func (b *testbed) assertIssuer(t *testing.T, inspect, subject string) {
	t.Helper()
	issuer := regexp.MustCompile(`issuer +CN=` + subject + `,`)
	b.await(t, func() error {
		if said := b.try(t, inspect); !issuer.MatchString(said) {
			return fmt.Errorf("%s is not the issuer in:\n%s", subject, said)
		}
		return nil
	})
}

// await polls look until it returns nil.
func (b *testbed) await(t *testing.T, look func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll.Until(ctx, func(context.Context) error { return look() }); err != nil {
		t.Fatal(err)
	}
}

func TestTestbed_RejectsUnknownMode(t *testing.T) {
	bed := startTestbed(t, "external")
	said, err := io.ReadAll(bed.lines)
	if err != nil {
		t.Fatal(err)
	}
	if want := `testbed: error: the mode "external" is neither plugin nor ra`; bed.make.Wait() == nil || !strings.Contains(string(said), want) {
		t.Errorf("make testbed prints %q, want %q and an error", said, want)
	}
}
