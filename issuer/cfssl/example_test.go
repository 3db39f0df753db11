package cfssl_test

import (
	"fmt"

	"github.com/trustgen/trustgen/issuer/cfssl"
)

func ExampleNew() {
	key, err := cfssl.ParseAuthKey([]byte("00112233445566778899aabbccddeeff\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ca, err := cfssl.New(cfssl.Options{
		URLs:    []string{"https://ca1.example.com:8888", "https://ca2.example.com:8888"},
		AuthKey: key,
		Profile: "workloads",
	})
	fmt.Println(ca, err)
	_, err = cfssl.New(cfssl.Options{
		URLs:    []string{"https://ca1.example.com:8888", "http://ca2.example.com:8888"},
		AuthKey: key,
		Profile: "workloads",
	})
	fmt.Println(err)
	// Output:
	// cfssl.Issuer(https://ca1.example.com:8888, https://ca2.example.com:8888) <nil>
	// cfssl: option URLs[1]: not an https URL
}
