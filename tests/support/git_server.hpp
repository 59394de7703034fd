#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/demo/cgi_server.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/scratch.hpp"

namespace gitopsctl::support {

using namespace agent::demo;  // the HTTP server that the demo serves its repository with

struct GitServerOptions {
  bool protocol_v2 = true;  ///< false: as a server that never heard of it
  std::string username;     ///< basic authentication, with password
  std::string password;
  std::function<bool(const std::string& password)> accepts;  ///< instead of `password`
  bool tls = false;
  bool allow_push = true;
  bool pass_on_cut_bodies = false;  ///< git sees the beginning of a push that is cut off
};

/// The real `git http-backend` over every repository below a directory of its own.
class GitServer {
 public:
  explicit GitServer(const GitServerOptions& options = {});
  /// Makes the bare repository `name`, which is served as url()/name.
  ScratchRepo repository(const std::string& name);
  [[nodiscard]] std::string url() const { return server_->url(); }
  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] const std::string& ca_pem() const { return certificates_.ca_pem; }
  [[nodiscard]] const std::string& root() const { return root_.path(); }
  /// With pass_on_cut_bodies: the paths of requests that were cut off, once git was done with each.
  [[nodiscard]] std::vector<std::string> cut_requests() const { return server_->cut_requests(); }

 private:
  ScratchDir root_;
  TestCertificates certificates_;
  std::unique_ptr<CgiServer> server_;
};

}  // namespace gitopsctl::support
