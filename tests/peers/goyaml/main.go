// Command goyaml is the peer that our YAML reader and writer are compared with: sigs.k8s.io/yaml behind a framed
// protocol, and the other side of the benchmark.
//
//	goyaml              frames on standard input: "VERB LENGTH\n" and LENGTH bytes; one answer "ok|error LENGTH\n" each
//	goyaml bench F N    nanoseconds of the fastest of N rounds that read every document of F into interface{}
//
// Verbs: read (YAML to JSON through interface{}, so that every number is a float64), integers (YAML to JSON with its
// integers kept), write (JSON to YAML), string (raw bytes as one YAML string).
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

func read(text []byte) ([]byte, error) {
	var value interface{}
	if err := yaml.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func write(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value interface{}
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("bad frame: %w", err)
	}
	return yaml.Marshal(value)
}

func answer(verb string, text []byte) (out []byte, err error) {
	// The library panics on some inputs; that is an answer too.
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	switch verb {
	case "read":
		return read(text)
	case "integers":
		return yaml.YAMLToJSON(text)
	case "write":
		return write(text)
	case "string":
		return yaml.Marshal(string(text))
	}
	return nil, fmt.Errorf("unknown verb %q", verb)
}

func serve() error {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		verb, length, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		size, err := strconv.Atoi(length)
		if err != nil {
			return err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		status := "ok"
		result, err := answer(verb, text)
		if err != nil {
			status, result = "error", []byte(err.Error())
		}
		fmt.Fprintf(out, "%s %d\n", status, len(result))
		out.Write(result)
		// Flushing when nothing more is waiting lets a caller work frame by frame or all at once.
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

func bench(path string, rounds int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	documents := bytes.Split(text, []byte("\n---\n"))
	best := time.Duration(0)
	for round := 0; round < rounds; round++ {
		values := make([]interface{}, len(documents))
		start := time.Now()
		for i, document := range documents {
			if err := yaml.Unmarshal(document, &values[i]); err != nil {
				return err
			}
		}
		if taken := time.Since(start); best == 0 || taken < best {
			best = taken
		}
	}
	fmt.Println(best.Nanoseconds())
	return nil
}

func main() {
	var err error
	if len(os.Args) == 4 && os.Args[1] == "bench" {
		var rounds int
		if rounds, err = strconv.Atoi(os.Args[3]); err == nil {
			err = bench(os.Args[2], rounds)
		}
	} else {
		err = serve()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "goyaml:", err)
		os.Exit(1)
	}
}
