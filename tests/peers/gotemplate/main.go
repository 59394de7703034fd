// Command gotemplate executes templates with Go's text/template for the differential test of render/template.
//
// Standard input is a sequence of cases. A case is a line "MODE FILES DATA" (number of files, bytes of JSON), then for each
// file a line "NAME TEXT" (bytes) followed by name and text, then the JSON. All files are parsed in order, the first one is
// executed. Integers of the JSON without point and exponent become int64, others float64. The answer is a line
// "ok|error BYTES" and the text.
//
// MODE: "helm" (missingkey=zero, <no value> removed), "plain" (missingkey=default), "strict" (missingkey=error).
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"
)

// Levels of nested includes of one name, as Helm counts them.
const maxIncludes = 1000

type engine struct {
	strict   bool
	clean    bool
	included map[string]int
}

func (e *engine) options(t *template.Template) *template.Template {
	switch {
	case e.strict:
		return t.Option("missingkey=error")
	case e.clean:
		return t.Option("missingkey=zero")
	}
	return t.Option("missingkey=default")
}

func (e *engine) cleaned(text string) string {
	if !e.clean {
		return text
	}
	return strings.ReplaceAll(text, "<no value>", "")
}

// bind gives a name space the functions that work on it.
func (e *engine) bind(t *template.Template) {
	t.Funcs(template.FuncMap{
		"include": func(name string, data any) (string, error) {
			if e.included[name] > maxIncludes {
				return "", fmt.Errorf("rendering template has a nested reference name: %s: %w", name,
					errors.New("unable to execute template"))
			}
			e.included[name]++
			defer func() { e.included[name]-- }()
			var out strings.Builder
			err := t.ExecuteTemplate(&out, name, data)
			return out.String(), err
		},
		"tpl": func(text string, data any) (string, error) {
			inner, err := t.Clone()
			if err != nil {
				return "", err
			}
			e.options(inner)
			e.bind(inner)
			inner, err = inner.New("gotpl").Parse(text)
			if err != nil {
				return "", fmt.Errorf("cannot parse template %q: %w", text, err)
			}
			var out strings.Builder
			if err := inner.Execute(&out, data); err != nil {
				return "", fmt.Errorf("error during tpl function execution for %q: %w", text, err)
			}
			return e.cleaned(out.String()), nil
		},
	})
}

func pairs(list []any, put func(key string, value any)) {
	for i := 0; i+1 < len(list); i += 2 {
		put(fmt.Sprint(list[i]), list[i+1])
	}
}

var functions = template.FuncMap{
	"dict": func(list ...any) map[string]any {
		out := map[string]any{}
		pairs(list, func(key string, value any) { out[key] = value })
		return out
	},
	"list": func(list ...any) []any { return append([]any{}, list...) },
	"set":  func(m map[string]any, key string, value any) map[string]any { m[key] = value; return m },
	"boom": func(text string) (any, error) { return nil, errors.New(text) },
	"required": func(text string, v any) (any, error) {
		if v == nil || v == "" {
			return nil, errors.New(text)
		}
		return v, nil
	},
	"fail":      func(text string) (string, error) { return "", errors.New(text) },
	"nothing":   func() any { return nil },
	"nilValues": func() []any { return []any{[]any(nil), map[string]any(nil)} },
	"wantAny":   func(v any) any { return v },
	"wantBool":  func(v bool) any { return v },
	"wantFloat": func(v float64) any { return v },
	"wantInt":   func(v int) any { return v },
	"wantInt64": func(v int64) any { return v },
	"wantList":  func(v []any) any { return v },
	"wantMap":   func(v map[string]any) any { return v },
	// Typed containers, as functions of charts return them.
	"wantString": func(v string) any { return v },
	"strings":    func(list ...string) []string { return append([]string{}, list...) },
	"ints":       func(list ...int) []int { return append([]int{}, list...) },
	"bytes":      func(text string) []byte { return []byte(text) },
	"textMap": func(list ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i+1 < len(list); i += 2 {
			out[list[i]] = list[i+1]
		}
		return out
	},
	"include": func(string, any) string { return "" },
	"tpl":     func(string, any) string { return "" },
}

// typed turns the numbers of a decoded document into int64 and float64.
func typed(value any) any {
	switch v := value.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			f, _ := v.Float64()
			return f
		}
		i, err := v.Int64()
		if err != nil {
			f, _ := v.Float64()
			return f
		}
		return i
	case []any:
		for i := range v {
			v[i] = typed(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = typed(v[k])
		}
	}
	return value
}

type file struct{ name, text string }

func execute(mode string, files []file, document []byte) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var data any
	if err := decoder.Decode(&data); err != nil {
		return "", err
	}
	e := &engine{strict: mode == "strict", clean: mode == "helm", included: map[string]int{}}
	t := e.options(template.New("gotpl").Funcs(functions))
	e.bind(t)
	for _, f := range files {
		if _, err := t.New(f.name).Parse(f.text); err != nil {
			return "", err
		}
	}
	var out strings.Builder
	if err := t.ExecuteTemplate(&out, files[0].name, typed(data)); err != nil {
		return "", err
	}
	return e.cleaned(out.String()), nil
}

func take(in *bufio.Reader, count int) []byte {
	out := make([]byte, count)
	if _, err := io.ReadFull(in, out); err != nil {
		fmt.Fprintln(os.Stderr, "gotemplate: input ends early:", err)
		os.Exit(2)
	}
	return out
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var mode string
		var count, size int
		if _, err := fmt.Fscanf(in, "%s %d %d\n", &mode, &count, &size); err != nil {
			return
		}
		files := make([]file, count)
		for i := range files {
			var name, text int
			fmt.Fscanf(in, "%d %d\n", &name, &text)
			files[i].name = string(take(in, name))
			files[i].text = string(take(in, text))
		}
		text, err := execute(mode, files, take(in, size))
		word := "ok"
		if err != nil {
			word, text = "error", err.Error()
		}
		fmt.Fprintf(out, "%s %d\n%s", word, len(text), text)
	}
}
