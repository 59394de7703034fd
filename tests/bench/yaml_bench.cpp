// YAML to tree: a stream of 483 Kubernetes documents (about 2 MB) read by our reader and, in the same run, by Go's
// sigs.k8s.io/yaml. Prints `bench yaml_to_tree ours_ms=… go_ms=… ratio=…`; the ratio is Go's time by ours.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "base/yaml/yaml.hpp"

namespace {

using Clock = std::chrono::steady_clock;

class Generator {
 public:
  std::string stream(int documents) {
    std::string out;
    for (int i = 0; i < documents; ++i) {
      if (i > 0) out += "---\n";
      switch (i % 3) {
        case 0: deployment(out, i); break;
        case 1: service(out, i); break;
        default: config_map(out, i);
      }
    }
    return out;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  std::string word() {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";
    std::string out;
    for (auto left = 4 + below(8); left > 0; --left) out += letters[below(letters.size())];
    return out;
  }
  void metadata(std::string& out, const std::string& kind, const std::string& api, const std::string& name, int indent = 0) {
    const std::string pad(static_cast<std::size_t>(indent), ' ');
    out += pad + "apiVersion: " + api + "\n" + pad + "kind: " + kind + "\n" + pad + "metadata:\n";
    out += pad + "  name: " + name + "\n" + pad + "  namespace: " + word() + "\n" + pad + "  labels:\n";
    out += pad + "    app.kubernetes.io/name: " + name + "\n" + pad + "    app.kubernetes.io/instance: release-" + word() +
           "\n";
    out += pad + "    app.kubernetes.io/version: \"" + std::to_string(below(9)) + "." + std::to_string(below(30)) + "\"\n";
    out += pad + "  annotations:\n" + pad + "    checksum/config: '" + std::to_string(random_()) +
           std::to_string(random_()) + "'\n";
  }
  void container(std::string& out) {
    out += "      - name: " + word() + "\n        image: registry.example.com/" + word() + "/" + word() + ":v1." +
           std::to_string(below(99)) + "\n        imagePullPolicy: IfNotPresent\n        args:\n";
    for (int i = 0; i < 4; ++i) out += "        - --" + word() + "=" + word() + "\n";
    out += "        ports:\n        - name: http\n          containerPort: " + std::to_string(1024 + below(60000)) +
           "\n          protocol: TCP\n        env:\n";
    for (int i = 0; i < 12; ++i) {
      out += "        - name: " + word() + "\n          value: \"" + std::to_string(below(100000)) + "\"\n";
      out += "        - name: " + word() +
             "\n          valueFrom:\n            secretKeyRef:\n              name: " + word() +
             "\n              key: " + word() + "\n";
    }
    out += "        resources:\n          limits: {cpu: " + std::to_string(100 + below(900)) +
           "m, memory: " + std::to_string(64 + below(900)) +
           "Mi}\n          requests:\n            cpu: 100m\n            memory: 64Mi\n";
    out +=
        "        livenessProbe:\n          httpGet:\n            path: /healthz\n            port: http\n"
        "          initialDelaySeconds: 10\n          periodSeconds: " +
        std::to_string(5 + below(60)) + "\n";
    out += "        volumeMounts:\n        - name: config\n          mountPath: /etc/" + word() +
           "\n          readOnly: true\n";
  }
  void deployment(std::string& out, int i) {
    const std::string name = "app-" + word() + "-" + std::to_string(i);
    metadata(out, "Deployment", "apps/v1", name);
    out += "spec:\n  replicas: " + std::to_string(1 + below(9)) + "\n  selector:\n    matchLabels:\n      app: " + name +
           "\n  template:\n    metadata:\n      labels:\n        app: " + name + "\n    spec:\n      containers:\n";
    for (int c = 0; c < 4; ++c) container(out);
    out += "      volumes:\n      - name: config\n        configMap:\n          name: " + word() + "\n";
  }
  void service(std::string& out, int i) {
    const std::string name = "svc-" + word() + "-" + std::to_string(i);
    metadata(out, "Service", "v1", name);
    out += "spec:\n  type: ClusterIP\n  ports:\n";
    for (int p = 0; p < 6; ++p) {
      out += "  - name: " + word() + "\n    port: " + std::to_string(1 + below(60000)) + "\n    targetPort: " + word() +
             "\n    protocol: TCP\n";
    }
    out += "  selector:\n    app: " + name + "\n";
  }
  void config_map(std::string& out, int i) {
    metadata(out, "ConfigMap", "v1", "cm-" + word() + "-" + std::to_string(i));
    out += "data:\n";
    for (int k = 0; k < 20; ++k) out += "  " + word() + "." + word() + ": \"" + word() + " " + word() + "\"\n";
    out += "  " + word() + ".conf: |\n";
    for (int l = 0; l < 40; ++l) out += "    " + word() + " = " + word() + " " + word() + " # " + word() + "\n";
  }

  std::mt19937_64 random_{483};
};

std::filesystem::path peer() {
  const char* folder = std::getenv("GITOPSCTL_PEERS");
  return std::filesystem::path(folder != nullptr ? folder : GITOPSCTL_SOURCE_DIR "/build/peers/bin") / "goyaml";
}

double go_milliseconds(const std::string& text, int rounds) {
  const auto file =
      std::filesystem::temp_directory_path() / ("yaml_bench_" + std::to_string(std::random_device{}()) + ".yaml");
  std::ofstream(file, std::ios::binary) << text;
  const std::string command = "'" + peer().string() + "' bench '" + file.string() + "' " + std::to_string(rounds);
  double nanoseconds = 0;
  // NOLINTNEXTLINE(cert-env33-c): the shell finds the peer
  if (FILE* pipe = popen(command.c_str(), "r"); pipe != nullptr) {
    if (std::fscanf(pipe, "%lf", &nanoseconds) != 1) nanoseconds = 0;  // NOLINT(cert-err34-c): one number of our own peer
    pclose(pipe);
  }
  std::filesystem::remove(file);
  return nanoseconds / 1e6;
}

double our_milliseconds(const std::string& text, int rounds, std::size_t& documents) {
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    const auto result = gitopsctl::parse_yaml_stream(text, {.numbers = gitopsctl::YamlNumbers::float64});
    const double taken = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    if (!result.ok()) {
      std::fprintf(stderr, "yaml_bench: %s\n", result.error().to_string().c_str());
      std::exit(1);
    }
    documents = result->size();
    if (round == 0 || taken < best) best = taken;
  }
  return best;
}

}  // namespace

int main() {
  constexpr int rounds = 15;
  const std::string text = Generator().stream(483);
  std::size_t documents = 0;
  const double ours = our_milliseconds(text, rounds, documents);
  std::printf("input: %zu documents, %.2f MB\n", documents, static_cast<double>(text.size()) / 1e6);
  if (!std::filesystem::exists(peer())) {
    std::printf("bench yaml_to_tree ours_ms=%.1f go_ms=- ratio=- (%s is not there; run ./dev setup --peers)\n", ours,
                peer().c_str());
    return std::getenv("CI") == nullptr ? 0 : 1;
  }
  const double go = go_milliseconds(text, rounds);
  std::printf("bench yaml_to_tree ours_ms=%.1f go_ms=%.1f ratio=%.2f\n", ours, go, go / ours);
  return go > 0 ? 0 : 1;
}
