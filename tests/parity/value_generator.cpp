#include "tests/parity/value_generator.hpp"

#include <array>

namespace gitopsctl::tests {

namespace {

constexpr std::array<std::string_view, 52> odd_scalars = {
    "plain",
    "\"double \\\"quoted\\\"\"",
    "'single ''quoted'''",
    "\"tab\\tand\\nline\"",
    "\"\\u00e9 \\U0001F600 \\x07\"",
    "h\xC3\xA9llo w\xC3\xB6rld \xE2\x9C\x93",
    "yes",
    "\"yes\"",
    "Off",
    "\"on\"",
    "true",
    "'true'",
    "null",
    "~",
    "\"\"",
    "''",
    "0",
    "-0",
    "7",
    "\"7\"",
    "007",
    "0x1F",
    "0o17",
    "0b101",
    "1_000",
    "123456789",
    "1000000",
    "999999",
    "9007199254740993",
    "1.0",
    "\"1.10\"",
    "1234567.5",
    ".5",
    "1e3",
    "1e-7",
    "1e21",
    "12:30",
    "2024-01-31",
    "2024-01-31T10:00:00Z",
    "\"a: b\"",
    "\"# no comment\"",
    "a#b",
    "\"{{ .NotATemplate }}\"",
    "\" leading\"",
    "\"trailing \"",
    "\"@at\"",
    "\"*star\"",
    "\"%percent\"",
    "\"- dash\"",
    "\"<a href='x'>&amp;</a>\"",
    "a long text that goes on and on until it is clearly wider than the eighty columns at which lines are folded",
    "'a long quoted text: it goes on and on until it is clearly wider than the eighty columns at which lines are folded'",
};

std::string blanks(int count) { return std::string(static_cast<std::size_t>(count), ' '); }

}  // namespace

std::string_view ValueGenerator::odd_scalar() { return pick(odd_scalars); }

std::string ValueGenerator::odd_map(int indent) {
  const auto count = below(5);
  if (count == 0) return std::string(pick({" {}", "", " null", " {a: 1, b: [x, 2]}"})) + "\n";
  std::string out = "\n";
  for (std::uint64_t i = 0; i < count; ++i) {
    out += blanks(indent) +
           std::string(pick({"plain", "example.com/key", "\"quoted key\"", "a.b/c-d_e", "\"8080\"", "Upper", "z10", "z9"}));
    out += ": ";
    if (chance(15)) {
      out += std::string(pick({"|", "|-", ">-", "|+"})) + "\n" + blanks(indent + 2) + "first line\n" + blanks(indent + 2) +
             "  second: line\n";
    } else {
      out += std::string(odd_scalar()) + "\n";
    }
  }
  return out;
}

std::string ValueGenerator::resources(int indent) {
  std::string out = "\n";
  for (const auto* kind : {"limits", "requests"}) {
    if (chance(30)) continue;
    out += blanks(indent) + kind + ":\n";
    out += blanks(indent + 2) + "cpu: " + std::string(pick({"100m", "1", "0.5", "\"2\"", "1.5"})) + "\n";
    if (chance(70)) out += blanks(indent + 2) + "memory: " + std::string(pick({"128Mi", "1Gi", "134217728", "1e9"})) + "\n";
  }
  return out == "\n" ? " {}\n" : out;
}

std::string ValueGenerator::tolerations(int indent) {
  const auto count = below(3);
  if (count == 0) return " []\n";
  std::string out = "\n";
  for (std::uint64_t i = 0; i < count; ++i) {
    out += blanks(indent) + "- key: " + std::string(odd_scalar()) + "\n";
    out += blanks(indent) + "  operator: " + std::string(pick({"Exists", "Equal"})) + "\n";
    if (chance(50))
      out += blanks(indent) + "  tolerationSeconds: " + std::string(pick({"300", "3600", "1000000", "2.5"})) + "\n";
    if (chance(30)) out += blanks(indent) + "  values:\n" + blanks(indent) + "  - [a, [b, {c: d}]]\n";
  }
  return out;
}

std::string ValueGenerator::ingress(std::string_view class_key) {
  std::string out = "ingress:\n  enabled: " + std::string(pick({"true", "yes", "false"})) + "\n";
  if (chance(50)) out += "  " + std::string(class_key) + ": " + std::string(pick({"nginx", "\"\"", "public"})) + "\n";
  out += "  annotations:" + odd_map(4);
  if (chance(70)) {
    out += "  hosts:\n";
    for (std::uint64_t i = 0; i <= below(3); ++i) {
      out += "  - host: " + std::string(pick({"a.example.com", "\"*.example.com\"", "b.example.com", "8080"})) +
             "\n    paths:\n";
      out += "    - path: " + std::string(pick({"/", "/api", "/a/b"})) + "\n";
      if (chance(70)) out += "      pathType: " + std::string(pick({"Prefix", "Exact", "ImplementationSpecific"})) + "\n";
    }
  }
  if (chance(50)) out += "  tls:\n  - secretName: tls\n    hosts: [a.example.com, \"b.example.com\"]\n";
  return out;
}

std::string ValueGenerator::create_values() {
  std::string out = "# made by a generator\n";
  if (chance(60)) out += "replicaCount: " + std::string(pick({"0", "3", "1000000", "\"2\"", "2.5"})) + "\n";
  if (chance(60)) out += "image:\n  tag: " + std::string(pick({"\"1.2.3\"", "1.10", "latest", "\"\"", "null", "7"})) + "\n";
  if (chance(40)) out += "imagePullSecrets:\n- name: one\n- {name: two}\n";
  if (chance(40)) {
    out += "nameOverride: " +
           std::string(
               pick({"other", "\"\"", "a-name-that-is-much-too-long-for-a-label-because-it-has-over-63-bytes-", "demo"})) +
           "\n";
  }
  if (chance(30)) out += "fullnameOverride: " + std::string(pick({"full", "null", "trailing-"})) + "\n";
  if (chance(60)) {
    out += "serviceAccount:\n  create: " + std::string(pick({"true", "false", "no"})) + "\n  annotations:" + odd_map(4);
    if (chance(40)) out += "  name: " + std::string(pick({"runner", "\"\""})) + "\n";
    if (chance(40)) out += "  automount: " + std::string(pick({"true", "false"})) + "\n";
  }
  if (chance(50)) out += "podAnnotations:" + odd_map(2);
  if (chance(50)) out += "podLabels:" + odd_map(2);
  if (chance(40)) {
    out += "securityContext:\n  runAsUser: " + std::string(pick({"1000", "0", "10000000"})) +
           "\n  capabilities: {drop: [ALL]}\n";
  }
  if (chance(40)) {
    out += "service: {type: " + std::string(pick({"NodePort", "LoadBalancer", "ClusterIP"})) +
           ", port: " + std::string(pick({"8080", "80", "1000000", "\"http\""})) + "}\n";
  }
  if (chance(70)) out += ingress("className");
  if (chance(40)) out += "httpRoute:\n  enabled: true\n  annotations:" + odd_map(4);
  if (chance(60)) out += "resources:" + resources(2);
  if (chance(40)) {
    out += "livenessProbe: " +
           std::string(pick({"null", "{}", "{exec: {command: [\"sh\", \"-c\", \"exit 0\"]}, periodSeconds: 10}"})) + "\n";
  }
  if (chance(30)) out += "readinessProbe:\n  httpGet: null\n  tcpSocket: {port: 80}\n";
  if (chance(50)) {
    out += "autoscaling:\n  enabled: true\n  maxReplicas: " + std::string(pick({"5", "100", "1e3"})) +
           "\n  targetCPUUtilizationPercentage: " + std::string(pick({"70", "null", "0"})) +
           "\n  targetMemoryUtilizationPercentage: " + std::string(pick({"70", "null"})) + "\n";
  }
  if (chance(40)) {
    out +=
        "volumes:\n- name: data\n  emptyDir: {}\n- name: conf\n  configMap: {name: x, defaultMode: 0644}\nvolumeMounts:\n- "
        "{name: data, mountPath: /data}\n";
  }
  if (chance(40)) out += "nodeSelector:" + odd_map(2);
  if (chance(50)) out += "tolerations:" + tolerations(2);
  if (chance(30)) {
    out +=
        "affinity:\n  nodeAffinity:\n    preferred:\n    - weight: 1\n      preference: {matchExpressions: [{key: k, "
        "operator: In, values: [a, b]}]}\n";
  }
  return out;
}

std::string ValueGenerator::storefront_values() {
  std::string out;
  if (chance(50)) out += "replicas: " + std::string(pick({"1", "5", "1000000"})) + "\n";
  if (chance(50)) {
    out += "image:\n  repository: " + std::string(odd_scalar()) +
           "\n  tag: " + std::string(pick({"\"1\"", "1.10", "null", "\"\""})) + "\n";
  }
  if (chance(30)) out += "nameOverride: " + std::string(pick({"shop", "\"\"", "null"})) + "\n";
  if (chance(50))
    out += "serviceAccount:\n  create: " + std::string(pick({"true", "false"})) + "\n  annotations:" + odd_map(4);
  if (chance(40)) out += "podAnnotations:" + odd_map(2);
  if (chance(40)) out += "podLabels:" + odd_map(2);
  if (chance(30)) out += "service: {port: " + std::string(pick({"8080", "443"})) + ", targetPort: 9000}\n";
  if (chance(60)) out += ingress("className");
  if (chance(60)) out += "resources:" + resources(2);
  if (chance(50)) {
    out += "autoscaling:\n  enabled: true\n  maxReplicas: 9\n  targetMemory: " +
           std::string(pick({"70", "null", "0", "\"80\""})) + "\n";
  }
  if (chance(60)) {
    out += "settings:\n  currency: " + std::string(odd_scalar()) + "\n  banner: " + std::string(odd_scalar()) +
           "\n  pageSize: " + std::string(pick({"null", "48", "1e6"})) + "\n  features:" + odd_map(4);
  }
  if (chance(50)) out += "env:" + odd_map(2);
  if (chance(30)) out += "envFromSecrets: [one, two]\n";
  if (chance(40)) out += "tolerations:" + tolerations(2);
  if (chance(60)) {
    out += "cache:\n  enabled: " + std::string(pick({"true", "true", "false"})) + "\n";
    if (chance(50)) out += "  memory: " + std::string(pick({"128", "\"256\"", "1e3", "null"})) + "\n";
    if (chance(40)) out += "  args: [\"--save\", " + std::string(pick({"60", "\"a b\"", "true", "1.5"})) + "]\n";
    if (chance(40)) out += "  port: " + std::string(pick({"6380", "1000000"})) + "\n";
  }
  if (chance(20)) out += "global:" + odd_map(2);
  return out;
}

std::string ValueGenerator::greeter_values() {
  std::string out;
  if (chance(70)) out += "greeting: " + std::string(odd_scalar()) + "\n";
  if (chance(50)) out += "replicas: " + std::string(pick({"2", "0", "1000000", "null"})) + "\n";
  if (chance(40)) out += "port: " + std::string(pick({"9090", "\"9090\"", "1e3"})) + "\n";
  if (chance(60)) out += "env:" + odd_map(2);
  if (chance(60)) out += "annotations:" + odd_map(2);
  if (chance(60)) out += "resources:" + resources(2);
  if (chance(30)) out += "image: {tag: " + std::string(odd_scalar()) + "}\n";
  return out;
}

std::string ValueGenerator::table(int depth, int indent) {
  static constexpr std::array<std::string_view, 8> keys = {"a", "b", "c", "list", "deep", "only", "gone", "flag"};
  std::string out;
  for (const auto key : keys) {
    if (chance(55)) continue;
    out += blanks(indent) + std::string(key) + ":";
    if (depth > 0 && chance(45)) {
      const auto inner = table(depth - 1, indent + 2);
      out += inner.empty() ? " {}\n" : "\n" + inner;
    } else {
      out += " " +
             std::string(pick({"null", "1", "text", "[1, null, {x: null}]", "{}", "true", "{a: null, b: 2}", "\"\""})) +
             "\n";
    }
  }
  return out;
}

std::string ValueGenerator::coalesce_values() {
  std::string out = table(2, 0);
  for (const auto* child : {"one", "two", "leaf", "global", "missing"}) {
    if (chance(35)) continue;
    const auto inner = table(2, 2);
    out += std::string(child) + ":" + (inner.empty() ? (chance(20) ? " null\n" : " {}\n") : "\n" + inner);
    if (!inner.empty() && chance(40)) {
      out += "  leaf:\n    a: " + std::string(pick({"null", "9", "{x: null, y: 1}"})) +
             "\n    enabled: " + std::string(pick({"true", "false", "null"})) + "\n";
    }
    if (!inner.empty() && chance(30))
      out += "  global:\n    a: " + std::string(pick({"null", "9", "{x: null, y: 1}"})) + "\n";
  }
  if (chance(40)) {
    out += "tags: {extra: " + std::string(pick({"true", "false", "\"text\""})) +
           ", other: " + std::string(pick({"true", "false"})) + "}\n";
  }
  if (chance(50)) out += "switches: {one: " + std::string(pick({"true", "false", "null", "\"x\""})) + "}\n";
  return out;
}

}  // namespace gitopsctl::tests
