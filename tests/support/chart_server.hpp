#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/crypto/digest.hpp"
#include "tests/support/fault_proxy.hpp"

namespace gitopsctl::support {

/// A server on 127.0.0.1 that answers what it is told and remembers what it was asked: a chart repository, a registry, a
/// token server. Paths are matched whole.
class ChartServer {
 public:
  ChartServer() : proxy_(1) { refresh(); }

  void answer(const std::string& target, const std::string& body, int status = 200,
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    Fault fault;
    fault.kind = Fault::Kind::answer;
    fault.when = [target](const SeenRequest& request, std::string_view) { return request.target == target; };
    fault.status = status;
    fault.headers = std::move(headers);
    fault.body = body;
    // The last word counts.
    faults_.insert(faults_.begin(), fault);
    refresh();
  }
  /// The same to whoever has this Authorization; everybody else gets `challenge` with 401.
  void answer_with_login(const std::string& target, const std::string& body, const std::string& authorization,
                         const std::string& challenge, std::vector<std::pair<std::string, std::string>> headers = {}) {
    answer(target, "{}", 401, {{"WWW-Authenticate", challenge}});
    answer(target, body, 200, std::move(headers));
    faults_.front().when = [target, authorization](const SeenRequest& request, std::string_view) {
      return request.target == target && request.authorization == authorization;
    };
    refresh();
  }
  /// Never answers from now on.
  void hang() {
    Fault fault;
    fault.kind = Fault::Kind::hang;
    faults_.insert(faults_.begin(), fault);
    refresh();
  }
  void forget_answers() {
    faults_.clear();
    refresh();
  }

  /// A chart in a repository: its archive at /NAME-VERSION.tgz, and a line for its index.
  void add_chart(const std::string& name, const std::string& version, const std::string& archive, bool with_digest = true) {
    answer("/" + name + "-" + version + ".tgz", archive);
    index_ += "  - name: " + name + "\n    version: " + version + "\n    urls: [" + name + "-" + version + ".tgz]\n";
    if (with_digest) index_ += "    digest: " + sha256_hex(archive) + "\n";
    answer("/index.yaml", "apiVersion: v1\nentries:\n  " + name + ":\n" + index_);
  }
  /// A chart in a registry, without login. Returns the digest of its manifest.
  std::string add_oci_chart(const std::string& repository, const std::string& tag, const std::string& archive) {
    const std::string layer = "sha256:" + sha256_hex(archive);
    const std::string manifest =
        R"({"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:)" +
        sha256_hex("{}") +
        R"(","size":2},"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":")" + layer +
        R"(","size":)" + std::to_string(archive.size()) + "}]}";
    const std::string digest = "sha256:" + sha256_hex(manifest);
    answer("/v2/" + repository + "/manifests/" + tag, manifest, 200, {{"Docker-Content-Digest", digest}});
    answer("/v2/" + repository + "/manifests/" + digest, manifest);
    answer("/v2/" + repository + "/blobs/" + layer, archive);
    return digest;
  }

  [[nodiscard]] std::string url() const { return proxy_.url(); }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(proxy_.port()); }
  [[nodiscard]] std::vector<SeenRequest> seen() const { return proxy_.seen(); }
  void forget_seen() { proxy_.forget_seen(); }
  /// Targets that were asked for, in order.
  [[nodiscard]] std::vector<std::string> targets() const {
    std::vector<std::string> out;
    for (const auto& request : proxy_.seen()) out.push_back(request.target);
    return out;
  }

 private:
  void refresh() {
    auto all = faults_;
    Fault missing;
    missing.kind = Fault::Kind::answer;
    missing.status = 404;
    all.push_back(missing);
    proxy_.set(std::move(all));
  }

  FaultProxy proxy_;
  std::vector<Fault> faults_;
  std::string index_;
};

}  // namespace gitopsctl::support
