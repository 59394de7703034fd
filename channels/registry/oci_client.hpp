#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "channels/http/client.hpp"
#include "channels/registry/access.hpp"
#include "channels/registry/oci_manifest.hpp"

namespace gitopsctl::channels {

/// Reads from one registry by the OCI distribution specification 1.1, for one repository in it: tags, manifests and blobs,
/// all checked against their digests. Logs in when the registry asks for it: basic, or with a token that its token server
/// gives for user and password (or to everybody).
/// User and password go to the registry, and to the token server that the registry itself names, over https when the
/// registry is reached over https; a redirect to another host takes neither them nor the token along. Not thread-safe.
class OciClient {
 public:
  static constexpr std::uint64_t max_manifest_bytes = 4U << 20U;  ///< the least that registries must take, as a bound
  static constexpr std::size_t max_tag_pages = 1'000;
  static constexpr std::size_t max_tags = 100'000;

  /// `host` as in `oci://HOST/…`; `repository` is the path behind it.
  OciClient(std::string host, std::string repository, HostAccess access);

  /// All tags, in the order in which the registry has them.
  [[nodiscard]] Result<std::vector<std::string>> tags(const Interrupt& interrupt);

  struct Fetched {
    std::string digest;
    std::string bytes;
  };
  /// The manifest that `reference` (a tag or a digest) names.
  [[nodiscard]] Result<Fetched> manifest(const std::string& reference, const Interrupt& interrupt);
  /// The blob of a descriptor; `too_large` beyond `max_bytes`, before it is asked for where the descriptor says so.
  [[nodiscard]] Result<std::string> blob(const OciDescriptor& descriptor, std::uint64_t max_bytes,
                                         const Interrupt& interrupt);

 private:
  [[nodiscard]] Result<HttpResponse> get(const std::string& url, const std::string& accept, std::uint64_t max_bytes,
                                         const Interrupt& interrupt);
  [[nodiscard]] Result<void> log_in(const AuthChallenge& challenge, const Interrupt& interrupt);
  [[nodiscard]] Result<std::string> ask_for_token(const AuthChallenge& challenge, const Interrupt& interrupt);
  [[nodiscard]] HttpOrigin origin() const;

  std::string host_;
  std::string repository_;
  HostAccess access_;
  std::string base_;  ///< `https://host/v2/`
  std::unique_ptr<HttpClient> client_;
  bool logged_in_ = false;
};

}  // namespace gitopsctl::channels
