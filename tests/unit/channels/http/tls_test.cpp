#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "channels/http/client.hpp"
#include "tests/support/git_server.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::support;

namespace {

/// What a handshake and its request said.
struct Seen {
  std::string server_name;         ///< of the handshake
  std::string client_certificate;  ///< in PEM; empty: none
  bool resumed = false;            ///< a session of an earlier connection
  std::string head;
};

/// A TLS server on loopback that serves one request after the other, each on a connection of its own, and asks for a
/// certificate that its authority signed.
class TlsServer {
 public:
  TlsServer(const TestCertificates& own, const std::string& client_ca) : context_(SSL_CTX_new(TLS_server_method())) {
    use(own, client_ca);
    // OpenSSL writes with write(2), and the other side hangs up when it does not trust us.
    std::signal(SIGPIPE, SIG_IGN);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  [[nodiscard]] std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void use(const TestCertificates& own, const std::string& client_ca) const {
    const auto bio = [](const std::string& pem) {
      return std::unique_ptr<BIO, int (*)(BIO*)>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    };
    X509* certificate = PEM_read_bio_X509(bio(own.certificate_pem).get(), nullptr, nullptr, nullptr);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio(own.key_pem).get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (client_ca.empty()) return;
    X509* ca = PEM_read_bio_X509(bio(client_ca).get(), nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), ca);
    X509_free(ca);
    // Without it OpenSSL refuses sessions of clients that had a certificate.
    constexpr unsigned char name[] = "test";
    SSL_CTX_set_session_id_context(context_, name, sizeof name);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }

  void serve() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const timeval limit{5, 0};
      ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      SSL* tls = SSL_new(context_);
      SSL_set_fd(tls, socket);
      if (SSL_accept(tls) == 1) answer(tls);
      SSL_shutdown(tls);
      SSL_free(tls);
      ::close(socket);
    }
  }

  void answer(SSL* tls) {
    Seen seen;
    seen.resumed = SSL_session_reused(tls) == 1;
    if (const char* name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name); name != nullptr) seen.server_name = name;
    if (X509* peer = SSL_get1_peer_certificate(tls); peer != nullptr) {
      const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
      PEM_write_bio_X509(bio.get(), peer);
      char* data = nullptr;
      const long size = BIO_get_mem_data(bio.get(), &data);
      seen.client_certificate.assign(data, static_cast<std::size_t>(size));
      X509_free(peer);
    }
    char piece[4096];
    while (seen.head.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(tls, piece, sizeof piece);
      if (got <= 0) return;
      seen.head.append(piece, static_cast<std::size_t>(got));
    }
    const std::lock_guard lock(mutex_);
    const auto redirect = seen.head.find("X-Lead-To: ");
    seen_.push_back(seen);
    std::string head = "HTTP/1.1 200 OK\r\n";
    if (redirect != std::string::npos) {
      const auto from = redirect + 11;
      head = "HTTP/1.1 307 There\r\nLocation: " + seen.head.substr(from, seen.head.find('\r', from) - from) + "\r\n";
    }
    const std::string all = head + "Content-Length: 2\r\nConnection: close\r\n\r\nok";
    SSL_write(tls, all.data(), static_cast<int>(all.size()));
  }

  SSL_CTX* context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::thread thread_;
};

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

/// For clients that share their sessions.
HttpOrigin sharing(const TestCertificates& certificates) {
  HttpOrigin origin;
  origin.ca_pem = certificates.ca_pem;
  origin.sessions = std::make_shared<HttpSessions>();
  return origin;
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_SUITE("http/tls") {
  TEST_CASE("a client certificate and its key are used from memory") {
    const auto server_side = make_test_certificates();
    CertificateAuthority client_authority;
    const auto client_side = client_authority.issue_client("ada", "");
    TlsServer server(server_side, client_authority.pem());
    HttpOrigin origin;
    origin.ca_pem = server_side.ca_pem;
    {
      HttpClient without(origin);
      CHECK_FALSE(without.send(get(server.url()), {}).ok());
    }
    origin.client_certificate_pem = client_side.certificate_pem;
    origin.client_key_pem = client_side.key_pem;
    HttpClient client(origin);
    const auto response = client.send(get(server.url()), {});
    REQUIRE_MESSAGE(response.ok(), response.error().to_string());
    CHECK(response->version == 11);
    CHECK(client.sent());
    REQUIRE(server.seen().size() == 1);
    CHECK(server.seen()[0].client_certificate == client_side.certificate_pem);

    origin.client_key_pem = "no key";
    HttpClient broken(origin);
    const auto failed = broken.send(get(server.url()), {});
    REQUIRE_FALSE(failed.ok());
    CHECK_FALSE(broken.sent());
  }

  TEST_CASE("a session is resumed by clients that share it") {
    const auto certificates = make_test_certificates();
    TlsServer server(certificates, "");
    const HttpOrigin origin = sharing(certificates);
    REQUIRE(HttpClient(origin).send(get(server.url()), {}).ok());
    REQUIRE(HttpClient(origin).send(get(server.url()), {}).ok());
    HttpOrigin alone = origin;
    alone.sessions = nullptr;
    REQUIRE(HttpClient(alone).send(get(server.url()), {}).ok());
    const auto seen = server.seen();
    REQUIRE(seen.size() == 3);
    CHECK_FALSE(seen[0].resumed);
    CHECK(seen[1].resumed);
    CHECK_FALSE(seen[2].resumed);
  }

  TEST_CASE("a shared session is no way around another client's trust or certificate") {
    const auto server_side = make_test_certificates();
    CertificateAuthority client_authority;
    const auto ada = client_authority.issue_client("ada", "");
    const auto bob = client_authority.issue_client("bob", "");
    TlsServer server(server_side, client_authority.pem());
    HttpOrigin origin;
    origin.sessions = std::make_shared<HttpSessions>();
    origin.client_certificate_pem = ada.certificate_pem;
    origin.client_key_pem = ada.key_pem;
    origin.insecure_skip_tls_verify = true;
    REQUIRE(HttpClient(origin).send(get(server.url()), {}).ok());
    origin.insecure_skip_tls_verify = false;
    origin.ca_pem = client_authority.pem();  // which did not sign the server's
    CHECK_FALSE(HttpClient(origin).send(get(server.url()), {}).ok());
    origin.ca_pem = server_side.ca_pem;
    REQUIRE(HttpClient(origin).send(get(server.url()), {}).ok());
    origin.client_certificate_pem = bob.certificate_pem;
    origin.client_key_pem = bob.key_pem;
    REQUIRE(HttpClient(origin).send(get(server.url()), {}).ok());
    const auto seen = server.seen();
    REQUIRE(seen.size() == 3);
    CHECK(seen[1].client_certificate == ada.certificate_pem);
    CHECK(seen[2].client_certificate == bob.certificate_pem);
    CHECK_FALSE(seen[1].resumed);
    CHECK_FALSE(seen[2].resumed);
  }

  TEST_CASE("a client certificate stays with its origin") {
    const auto certificates = make_test_certificates();
    TlsServer home(certificates, "");
    TlsServer other(certificates, "");
    HttpOrigin origin;
    origin.ca_pem = certificates.ca_pem;
    origin.client_certificate_pem = certificates.certificate_pem;
    origin.client_key_pem = certificates.key_pem;
    HttpClient client(origin);
    HttpRequest request = get(home.url());
    request.headers.emplace_back("X-Lead-To", other.url() + "/");
    REQUIRE(client.send(request, {}).ok());
    REQUIRE(other.seen().size() == 1);
    CHECK(other.seen()[0].client_certificate.empty());

    // A redirect may be the answer, too.
    request.max_redirects = 0;
    const auto redirect = client.send(request, {});
    REQUIRE(redirect.ok());
    CHECK(redirect->status == 307);
    CHECK(other.seen().size() == 1);
  }

  TEST_CASE("another name can be asked for and verified than the host's") {
    const auto certificates = make_test_certificates();
    TlsServer server(certificates, "");
    HttpOrigin origin;
    origin.ca_pem = certificates.ca_pem;
    origin.tls_server_name = "localhost";
    HttpClient client(origin);
    const auto response = client.send(get(server.url("127.0.0.1") + "/a?b=c"), {});
    REQUIRE_MESSAGE(response.ok(), response.error().to_string());
    REQUIRE(server.seen().size() == 1);
    CHECK(server.seen()[0].server_name == "localhost");
    CHECK(server.seen()[0].head.starts_with("GET /a?b=c HTTP/1.1\r\n"));
    CHECK(holds(server.seen()[0].head, "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));

    origin.tls_server_name = "kubernetes.example.org";
    HttpClient wrong(origin);
    const auto refused = wrong.send(get(server.url()), {});
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code() == ErrorCode::forbidden);
  }

  TEST_CASE("verification is left out only where it was asked for") {
    const auto certificates = make_test_certificates();
    TlsServer home(certificates, "");
    TlsServer other(certificates, "");
    {
      HttpClient strict({});
      const auto refused = strict.send(get(home.url()), {});
      REQUIRE_FALSE(refused.ok());
      // Not what a retry could cure.
      CHECK(refused.error().code() == ErrorCode::forbidden);
      CHECK(holds(refused.error().hint(), "CA certificate"));
    }
    HttpOrigin origin;
    origin.insecure_skip_tls_verify = true;
    HttpClient client(origin);
    CHECK(client.send(get(home.url()), {}).ok());
    HttpRequest request = get(home.url());
    request.headers.emplace_back("X-Lead-To", other.url() + "/");
    CHECK_FALSE(client.send(request, {}).ok());
    CHECK(other.seen().empty());
  }

  TEST_CASE("a header may be there several times") {
    const auto certificates = make_test_certificates();
    TlsServer server(certificates, "");
    HttpOrigin origin;
    origin.ca_pem = certificates.ca_pem;
    HttpClient client(origin);
    HttpRequest request = get(server.url());
    request.headers = {{"Impersonate-Group", "a"}, {"Impersonate-Group", "b"}, {"Authorization", "Bearer per-request"}};
    REQUIRE(client.send(request, {}).ok());
    const auto head = server.seen().back().head;
    CHECK(holds(head, "Impersonate-Group: a\r\nImpersonate-Group: b\r\n"));
    CHECK(holds(head, "Authorization: Bearer per-request\r\n"));
  }
}

TEST_SUITE("concurrency: TLS sessions") {
  TEST_CASE("several threads may share sessions") {
    const auto certificates = make_test_certificates();
    TlsServer server(certificates, "");
    const HttpOrigin origin = sharing(certificates);
    std::atomic<int> answered{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (int k = 0; k < 10; ++k) answered += HttpClient(origin).send(get(server.url()), {}).ok() ? 1 : 0;
        });
      }
    }
    CHECK(answered == 40);
    CHECK(std::ranges::any_of(server.seen(), &Seen::resumed));
  }
}
