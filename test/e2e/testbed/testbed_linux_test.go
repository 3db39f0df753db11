package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/leftover"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// tried is what the guide's commands must print, in their order.
var tried = [][]string{
	{"root ", "east ", "west "},
	{"ca-cert.pem: certificate", "CN=east ", "ca-key.pem: private key"},
	{"spiffe://cluster.local/ns/shop/sa/checkout", "CN=east ", "CN=root "},
	{"Verification: OK", "welcome spiffe://cluster.local/ns/shop/sa/checkout"},
	{"secret/cacerts serverside-applied"},
}

// TestTheTestbedDoesWhatItSays proves it of `make testbed`, of each command
// that it prints, and of Ctrl-C.
func TestTheTestbedDoesWhatItSays(t *testing.T) {
	bed := startTestbed(t)
	commands := bed.readGuide(t)
	if len(commands) != len(tried) {
		t.Fatalf("the guide has the commands %q, want %d", commands, len(tried))
	}
	var said string
	for n, command := range commands {
		said = bed.try(t, command)
		for _, want := range tried[n] {
			if !strings.Contains(said, want) {
				t.Errorf("%s: does not print %q:\n%s", command, want, said)
			}
		}
	}
	t.Run("east signs with the intermediate that the last command made", func(t *testing.T) {
		made := regexp.MustCompile(`renewed +(east \w+)`).FindStringSubmatch(said)
		if made == nil {
			t.Fatalf("the last command made none:\n%s", said)
		}
		bed.assertIssuer(t, commands[2], made[1])
		if said := bed.try(t, commands[3]); !strings.Contains(said, "welcome") {
			t.Errorf("the workloads do not talk any more:\n%s", said)
		}
	})
	want := []string{"etcd", "etcd", "kube-apiserver", "kube-apiserver", "pilot-discovery", "pilot-discovery"}
	if got := slices.Sorted(slices.Values(leftover.Processes(t, bed.tmp))); !slices.Equal(got, want) {
		t.Errorf("the test-bed runs %v, want %v", got, want)
	}
	bed.pressCtrlC(t)
	bed.assertGone(t)
}

func TestCtrlCEndsATestbedThatStarts(t *testing.T) {
	bed := startTestbed(t)
	bed.await(t, func() error {
		if !slices.Contains(leftover.Processes(t, bed.tmp), "kube-apiserver") {
			return errors.New("no API server has been started")
		}
		return nil
	})
	bed.pressCtrlC(t)
	bed.assertGone(t)
}

// assertIssuer asserts that the workload's certificate, which inspect shows,
// comes to be issued by subject.
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

// await waits for what takes the test-bed a moment.
func (b *testbed) await(t *testing.T, look func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := poll.Until(ctx, func(context.Context) error { return look() }); err != nil {
		t.Fatal(err)
	}
}
