package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Document is an object of a file in YAML or JSON.
type Document struct {
	metav1.TypeMeta
	Text []byte
}

// Documents are the objects of a file, without empty documents and comments.
func Documents(data []byte) ([]Document, error) {
	var all []Document
	reader := yamlreader.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var content map[string]any
		d := Document{Text: text}
		if err := errors.Join(yaml.Unmarshal(text, &content), yaml.Unmarshal(text, &d.TypeMeta)); err != nil {
			return nil, fmt.Errorf("document %d: is not an object in YAML or JSON", len(all)+1)
		}
		if content != nil {
			all = append(all, d)
		}
	}
}
