#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/json/json.hpp"
#include "tests/support/function_cases.hpp"

using namespace gitopsctl;
using namespace gitopsctl::tests;

namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

/// The texts that the template puts into a JSON list.
std::vector<std::string> texts_of(std::string_view expression) {
  const auto outcome = evaluate_function_case(expression, "a: 1\n");
  REQUIRE_MESSAGE(!outcome.is_error, outcome.text);
  const auto unquoted = parse_json(outcome.text);
  REQUIRE(unquoted.ok());
  const auto list = parse_json(unquoted->as_string());
  REQUIRE_MESSAGE(list.ok(), unquoted->as_string());
  std::vector<std::string> texts;
  for (const auto& item : list->as_list()) texts.emplace_back(item.as_string());
  return texts;
}

Certificate read(const std::string& pem) {
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(in, nullptr, nullptr, nullptr));
  BIO_free(in);
  REQUIRE(certificate != nullptr);
  return certificate;
}

bool signed_by(X509* certificate, X509* issuer) { return X509_verify(certificate, X509_get0_pubkey(issuer)) == 1; }

constexpr std::string_view chain = R"({{- $ca := genCA "my-ca" 365 -}}
{{- $c := genSignedCert "web" (list "10.0.0.1" "::1") (list "web" "web.svc") 30 $ca -}}
{{- list $ca.Cert $ca.Key $c.Cert $c.Key | toJson -}})";

}  // namespace

TEST_SUITE("functions/certificate") {
  TEST_CASE("an authority and what it signs") {
    const auto texts = texts_of(chain);
    REQUIRE(texts.size() == 4);
    const auto authority = read(texts[0]);
    const auto leaf = read(texts[2]);
    CHECK(signed_by(authority.get(), authority.get()));
    CHECK(signed_by(leaf.get(), authority.get()));
    CHECK(X509_check_issued(authority.get(), leaf.get()) == X509_V_OK);
    CHECK(X509_check_ca(authority.get()) == 1);
    CHECK(X509_check_ca(leaf.get()) == 0);
    CHECK(X509_check_host(leaf.get(), "web.svc", 0, 0, nullptr) == 1);
    CHECK(X509_check_host(leaf.get(), "other", 0, 0, nullptr) == 0);
    CHECK(X509_check_ip_asc(leaf.get(), "10.0.0.1", 0) == 1);
    CHECK(X509_check_ip_asc(leaf.get(), "::1", 0) == 1);
    CHECK(X509_get_version(leaf.get()) == 2);
    int days = 0;
    int seconds = 0;
    REQUIRE(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(leaf.get()), X509_get0_notAfter(leaf.get())) == 1);
    CHECK(days == 30);
    CHECK(seconds == 0);
  }

  TEST_CASE("the same random bytes make the same keys and certificates") {
    CHECK(texts_of(chain) == texts_of(chain));
    const std::string keys =
        R"({{ list (genPrivateKey "ecdsa") (genPrivateKey "ed25519") (htpasswd "u" "p") uuidv4 | toJson }})";
    CHECK(texts_of(keys) == texts_of(keys));
  }

  TEST_CASE("two calls in one render make different keys") {
    const auto texts = texts_of(R"({{ list (genPrivateKey "ed25519") (genPrivateKey "ed25519") | toJson }})");
    CHECK(texts[0] != texts[1]);
  }
}
