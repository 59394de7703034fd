#pragma once

#include <cstdio>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/demo/http_wire.hpp"
#include "agent/kube/client.hpp"
#include "base/json/json.hpp"

namespace gitopsctl::agent::test {

/// One request as a server sees it.
struct Asked {
  std::string method;
  std::string path;   ///< without the query
  std::string query;  ///< as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
  /// The value of a parameter, still encoded; "" when it is not there.
  [[nodiscard]] std::string parameter(const std::string& name) const {
    const std::string all = "&" + query;
    const auto at = all.find("&" + name + "=");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 2;
    return all.substr(from, all.find('&', from) - from);
  }
};

/// What the server does about it.
struct Said {
  int status = 200;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string content_type = "application/json";
  bool cut = false;       ///< closes the connection instead
  bool stream = false;    ///< the body is sent in chunks, and then nothing more until the client goes
  std::string rest = {};  ///< of a stream: sent and closed well after `body`
};

/// A strict API server: discovery of a few kinds, and what the test says for everything else; what the test does not answer
/// is a failure of the test (599).
class FakeApi {
 public:
  using Handler = std::function<Said(const Asked&)>;

  explicit FakeApi(Handler handler)
      : handler_(std::move(handler)), server_(0, "", "", [this](demo::Wire& w) { serve(w); }) {}

  [[nodiscard]] KubeTarget target() const {
    KubeTarget out;
    out.name = "context test";
    out.server = "http://127.0.0.1:" + std::to_string(server_.port());
    return out;
  }
  /// Everything but discovery.
  [[nodiscard]] std::vector<Asked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  [[nodiscard]] int discoveries() const {
    const std::lock_guard lock(mutex_);
    return discoveries_;
  }
  /// Groups of /apis; changes with the test.
  void set_apis(std::string apis) {
    const std::lock_guard lock(mutex_);
    apis_ = std::move(apis);
  }

  static std::string group(const std::string& name, const std::string& version, const std::string& resources,
                           const std::string& freshness = "Current") {
    return R"({"metadata":{"name":")" + name + R"("},"versions":[{"version":")" + version + R"(","freshness":")" +
           freshness + R"(","resources":[)" + resources + "]}]}";
  }
  static std::string resource(const std::string& plural, const std::string& kind, const std::string& scope = "Namespaced") {
    return R"({"resource":")" + plural + R"(","responseKind":{"group":"","version":"","kind":")" + kind + R"("},"scope":")" +
           scope + R"(","singularResource":"","verbs":["get","list","patch","watch"]})";
  }
  static std::string groups(const std::string& items) {
    return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[)" + items + "]}";
  }
  static std::string core() {
    return groups(
        R"({"metadata":{"creationTimestamp":null},"versions":[{"version":"v1","freshness":"Current","resources":[)" +
        resource("namespaces", "Namespace", "Cluster") + "," + resource("configmaps", "ConfigMap") + "," +
        resource("secrets", "Secret") + "]}]}");
  }
  static std::string apps() { return groups(group("apps", "v1", resource("deployments", "Deployment"))); }

  static std::string status(int code, const std::string& reason, const std::string& message) {
    return *to_json(make_map({{"kind", Value::string("Status")},
                              {"apiVersion", Value::string("v1")},
                              {"status", Value::string("Failure")},
                              {"reason", Value::string(reason)},
                              {"message", Value::string(message)},
                              {"code", Value::int64(code)}}));
  }

 private:
  void serve(demo::Wire& wire) {
    demo::WireHead head;
    Asked asked;
    while (wire.read_head(head) && wire.read_body(head, asked.body, 64U << 20U)) {
      const auto method_end = head.first_line.find(' ');
      const auto target_end = head.first_line.rfind(' ');
      const std::string target = head.first_line.substr(method_end + 1, target_end - method_end - 1);
      asked.method = head.first_line.substr(0, method_end);
      asked.path = target.substr(0, target.find('?'));
      asked.query = target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1);
      asked.headers = head.headers;
      const Said said = answer(asked);
      if (said.cut) return;
      if (!say(wire, said)) return;
      if (said.stream && said.rest.empty()) {
        std::string nothing;
        (void)wire.read_rest(nothing, 1024);
        return;
      }
    }
  }

  Said answer(const Asked& asked) {
    if (asked.path == "/api" || asked.path == "/apis") {
      const std::lock_guard lock(mutex_);
      ++discoveries_;
      return {200, asked.path == "/api" ? core() : apis_, {}, "application/json"};
    }
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(asked);
    }
    return handler_(asked);
  }

  static bool say(demo::Wire& wire, const Said& said) {
    std::string head = "HTTP/1.1 " + std::to_string(said.status) + " x\r\nContent-Type: " + said.content_type + "\r\n";
    for (const auto& [name, value] : said.headers) head += name + ": " + value + "\r\n";
    if (!said.stream) {
      return wire.write(head + "Content-Length: " + std::to_string(said.body.size()) + "\r\n\r\n" + said.body);
    }
    const auto chunk = [](const std::string& text) {
      char size[32];
      std::snprintf(size, sizeof size, "%zx\r\n", text.size());
      return size + text + "\r\n";
    };
    std::string all = head + "Transfer-Encoding: chunked\r\n\r\n";
    if (!said.body.empty()) all += chunk(said.body);
    if (!said.rest.empty()) all += chunk(said.rest) + "0\r\n\r\n";
    return wire.write(all);
  }

  Handler handler_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  int discoveries_ = 0;
  std::string apis_ = apps();
  demo::WireServer server_;
};

inline std::string config_map(const std::string& name, const std::string& version, const std::string& data = "{}") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"(","namespace":"web","uid":"u-)" + name +
         R"(","resourceVersion":")" + version + R"("},"data":)" + data + "}";
}

}  // namespace gitopsctl::agent::test
