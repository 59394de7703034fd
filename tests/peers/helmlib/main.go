// helmlib renders a chart again and again with helm's own libraries in one process: what a Go program that does not start
// helm for every render would take. tests/bench/render_bench.cpp compares our engine with it.
//
//	helmlib CHART ROUNDS
//
// Every round loads the chart, renders it with its default values, sorts the documents and reads each into a map. A line of
// the seconds of each round is printed, and at the end how many documents there were.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"
)

func render(path string) (int, error) {
	chart, err := loader.Load(path)
	if err != nil {
		return 0, err
	}
	given := map[string]any{}
	if err := chartutil.ProcessDependencies(chart, given); err != nil {
		return 0, err
	}
	release := common.ReleaseOptions{Name: "rel", Namespace: "default", Revision: 1, IsInstall: true}
	values, err := util.ToRenderValues(chart, given, release, common.DefaultCapabilities)
	if err != nil {
		return 0, err
	}
	files, err := engine.Render(chart, values)
	if err != nil {
		return 0, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return 0, err
	}
	for _, hook := range hooks {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(hook.Manifest), &object); err != nil {
			return 0, err
		}
	}
	for _, manifest := range manifests {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(manifest.Content), &object); err != nil {
			return 0, err
		}
	}
	return len(hooks) + len(manifests), nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: helmlib CHART ROUNDS")
		os.Exit(2)
	}
	rounds, err := strconv.Atoi(os.Args[2])
	if err != nil || rounds < 1 {
		fmt.Fprintln(os.Stderr, "helmlib: rounds is a number from 1")
		os.Exit(2)
	}
	documents := 0
	for round := 0; round < rounds; round++ {
		begin := time.Now()
		if documents, err = render(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "helmlib:", err)
			os.Exit(1)
		}
		fmt.Printf("%.9f\n", time.Since(begin).Seconds())
	}
	fmt.Println("documents", documents)
}
