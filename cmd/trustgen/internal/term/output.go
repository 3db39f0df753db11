package term

import "github.com/trustgen/trustgen/ca/store"

// Deliver writes data that is not secret to stdout, or to a new file; "-" is stdout.
func (t *Terminal) Deliver(file string, data []byte) error {
	return t.deliver(file, data, store.Public)
}

// DeliverSecret is Deliver, with a file that its owner alone can read.
func (t *Terminal) DeliverSecret(file string, data []byte) error {
	return t.deliver(file, data, store.Private)
}

func (t *Terminal) deliver(file string, data []byte, mode store.Mode) error {
	if file == "" || file == "-" {
		_, err := t.Out.Write(data)
		return err
	}
	if err := store.CreateFile(file, data, mode); err != nil {
		return err
	}
	t.Note("wrote %s", file)
	return nil
}
