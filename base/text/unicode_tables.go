//go:build ignore

// Writes unicode_tables.inc: properties and case mappings of characters as Go's packages unicode and strconv know them.
// Run it with the Go release that the helm of tests/peers/peers.txt is built with, since what helm prints depends on it:
//
//	go run base/text/unicode_tables.go base/text/unicode_tables.inc
package main

import (
	"fmt"
	"os"
	"strconv"
	"unicode"
)

// rows of code points that behave alike: [lo, hi] step 1 or 2 with constant deltas
type row struct {
	lo, hi           rune
	up, low, title   rune
	step             rune
}

func main() {
	f, _ := os.Create(os.Args[1])
	defer f.Close()
	p := func(s string, a ...any) { fmt.Fprintf(f, s, a...) }
	d := func(r rune) [3]rune { return [3]rune{unicode.ToUpper(r) - r, unicode.ToLower(r) - r, unicode.ToTitle(r) - r} }
	var rows []row
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		x := d(r)
		if x == [3]rune{} {
			continue
		}
		if n := len(rows); n > 0 {
			l := &rows[n-1]
			same := l.up == x[0] && l.low == x[1] && l.title == x[2]
			if same && l.lo == l.hi && (r == l.hi+1 || r == l.hi+2) {
				l.step = r - l.hi
				l.hi = r
				continue
			}
			if same && l.step != 0 && r == l.hi+l.step {
				l.hi = r
				continue
			}
			// a pair upper/lower alternating: look back two rows with the same deltas and step 2
			if n > 1 {
				k := &rows[n-2]
				if k.up == x[0] && k.low == x[1] && k.title == x[2] && (k.step == 2 || k.lo == k.hi) && r == k.hi+2 {
					k.step = 2
					k.hi = r
					continue
				}
			}
		}
		rows = append(rows, row{r, r, x[0], x[1], x[2], 0})
	}
	p("// Unicode %s. Made from the tables of Go's package unicode by base/text/unicode_tables.go.\n", unicode.Version)
	p("constexpr CaseRow case_rows[] = {\n")
	for _, r := range rows {
		s := r.step
		if s == 0 {
			s = 1
		}
		p("    {0x%X, 0x%X, %d, %d, %d, %d},\n", r.lo, r.hi, s, r.up, r.low, r.title)
	}
	p("};\n")
	cat := func(name string, in func(rune) bool) {
		p("constexpr RuneRow %s_rows[] = {\n   ", name)
		start := rune(-1)
		n := 0
		col := 3
		for r := rune(0x80); r <= unicode.MaxRune+1; r++ {
			ok := r <= unicode.MaxRune && in(r)
			if ok && start < 0 {
				start = r
			}
			if !ok && start >= 0 {
				s := fmt.Sprintf(" {0x%X, 0x%X},", start, r-1)
				if col+len(s) > 124 {
					p("\n   ")
					col = 3
				}
				p("%s", s)
				col += len(s)
				start = -1
				n++
			}
		}
		p("\n};\n")
		fmt.Println(name, n)
	}
	cat("letter", unicode.IsLetter)
	cat("upper", unicode.IsUpper)
	cat("lower", unicode.IsLower)
	cat("title", unicode.IsTitle)
	cat("number", unicode.IsNumber)
	cat("digit", unicode.IsDigit)
	cat("punct", unicode.IsPunct)
	cat("print", strconv.IsPrint)
	fmt.Println("case", len(rows), unicode.Version)
}
