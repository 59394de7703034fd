#include "channels/secrets/secret_bytes.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace gitopsctl::channels::secrets {

void wipe(std::string& bytes) noexcept {
  // Up to the capacity: a longer value may have stood there before.
  bytes.resize(bytes.capacity());
  OPENSSL_cleanse(bytes.data(), bytes.size());
  bytes.clear();
}

void SecretBytes::append(std::string_view more) {
  if (bytes_.size() + more.size() > bytes_.capacity()) {
    std::string larger;
    larger.reserve(std::max<std::size_t>(64, (bytes_.size() + more.size()) * 2));
    larger += bytes_;
    wipe(bytes_);
    bytes_ = std::move(larger);
  }
  bytes_ += more;
}

}  // namespace gitopsctl::channels::secrets
