package store_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/trustgen/trustgen/ca/store"
)

// A transaction replaces a folder as a whole; one that fails changes nothing.
func Example() {
	temp, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temp)

	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(temp, "trust"), store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	write := func(text string, fail error) error {
		return s.Update(ctx, func(tx *store.Tx) error {
			if found, err := tx.Exists("east"); err != nil {
				return err
			} else if found {
				if err := tx.Retire("east"); err != nil {
					return err
				}
			}
			return errors.Join(tx.Write("east/key.pem", []byte(text), store.Private), fail)
		})
	}
	fmt.Println(write("first", nil))
	fmt.Println(write("second", nil))
	fmt.Println(write("third", errors.New("changed my mind")))

	err = s.View(ctx, func(snapshot *store.Snapshot) error {
		data, err := snapshot.Read("east/key.pem", store.Private)
		fmt.Printf("%s\n", data)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// <nil>
	// changed my mind
	// second
}
