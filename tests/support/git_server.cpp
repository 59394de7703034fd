#include "tests/support/git_server.hpp"

#include <cstdlib>

#include "base/crypto/digest.hpp"

namespace gitopsctl::support {

GitServer::GitServer(const GitServerOptions& options) {
  std::string exec_path = run_program({"git", "--exec-path"});
  while (exec_path.ends_with('\n')) exec_path.pop_back();
  CgiOptions cgi;
  cgi.program = exec_path + "/git-http-backend";
  const char* path = std::getenv("PATH");
  cgi.environment = {"GIT_PROJECT_ROOT=" + root_.path(),
                     "GIT_HTTP_EXPORT_ALL=1",
                     "GIT_CONFIG_GLOBAL=/dev/null",
                     "GIT_CONFIG_SYSTEM=/dev/null",
                     "GIT_CONFIG_COUNT=3",
                     "GIT_CONFIG_KEY_2=core.fsync",
                     "GIT_CONFIG_VALUE_2=none",
                     "GIT_CONFIG_KEY_0=safe.directory",
                     "GIT_CONFIG_VALUE_0=*",
                     "GIT_CONFIG_KEY_1=http.receivepack",
                     std::string("GIT_CONFIG_VALUE_1=") + (options.allow_push ? "true" : "false"),
                     std::string("PATH=") + (path == nullptr ? "/usr/bin:/bin" : path)};
  cgi.username = options.username;
  cgi.password = options.password;
  if (options.accepts) {
    cgi.accepts = [options](const std::string& header) {
      const auto plain = base64_decode(header.starts_with("Basic ") ? header.substr(6) : "");
      const std::string start = options.username + ":";
      return plain.ok() && plain->starts_with(start) && options.accepts(plain->substr(start.size()));
    };
  }
  cgi.pass_on_cut_bodies = options.pass_on_cut_bodies;
  if (!options.protocol_v2) cgi.dropped_headers.emplace_back("git-protocol");
  if (options.tls) {
    certificates_ = make_test_certificates();
    cgi.certificate_pem = certificates_.certificate_pem;
    cgi.key_pem = certificates_.key_pem;
  }
  server_ = std::make_unique<CgiServer>(std::move(cgi));
}

ScratchRepo GitServer::repository(const std::string& name) { return ScratchRepo(root_ / name); }

}  // namespace gitopsctl::support
