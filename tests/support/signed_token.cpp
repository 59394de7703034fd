#include "tests/support/signed_token.hpp"

#include <algorithm>

#include "base/crypto/digest.hpp"

namespace gitopsctl::support {

std::optional<std::string> base64_url_decoded(std::string text) {
  if (text.find_first_of("+/=") != std::string::npos) return std::nullopt;
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
  auto out = base64_decode(text);
  return out.ok() ? std::optional<std::string>(*out) : std::nullopt;
}

bool is_signed_by(EVP_PKEY* key, const std::string& text, const std::string& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

}  // namespace gitopsctl::support
