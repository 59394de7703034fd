// Command agevectors prints the test vectors of the age format (c2sp.org/CCTV/age), for the test of channels/secrets: for
// each a line "NAME EXPECTED BYTES", the lines of its identities, an empty line, then the file of so many bytes.
//
// EXPECTED is the word before the colon of the vector's result: "success", "no match", …, with blanks as "-"; for "success"
// followed by ":" and the SHA-256 of the payload.
package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	vectors "c2sp.org/CCTV/age"
)

func write(out *bufio.Writer, name string, vector []byte) error {
	head, file, found := bytes.Cut(vector, []byte("\n\n"))
	if !found {
		return fmt.Errorf("%s has no empty line", name)
	}
	var expected, payload, identities string
	for _, line := range strings.Split(string(head), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "expect":
			expected = strings.ReplaceAll(value, " ", "-")
		case "payload":
			payload = value
		case "identity":
			identities += value + "\n"
		case "compressed":
			reader, err := zlib.NewReader(bytes.NewReader(file))
			if err != nil {
				return err
			}
			if file, err = io.ReadAll(reader); err != nil {
				return err
			}
		}
	}
	if expected == "success" {
		expected += ":" + payload
	}
	fmt.Fprintf(out, "%s %s %d\n%s\n", name, expected, len(file), identities)
	_, err := out.Write(file)
	return err
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := fs.WalkDir(vectors.Vectors, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		vector, err := fs.ReadFile(vectors.Vectors, path)
		if err != nil {
			return err
		}
		return write(out, path, vector)
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
