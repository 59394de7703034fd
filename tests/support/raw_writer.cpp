#include "tests/support/raw_writer.hpp"

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <stdexcept>

#include "tests/support/processor_time.hpp"

namespace gitopsctl::support {
namespace {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t throw_away(char* bytes, std::size_t size, std::size_t count, void* user) noexcept {
  auto& kept = *static_cast<std::string*>(user);
  if (kept.size() < 400) kept.append(bytes, std::min<std::size_t>(size * count, 400 - kept.size()));
  return size * count;
}

/// One of the requests under way.
struct Slot {
  std::unique_ptr<CURL, FreeEasy> easy;
  std::unique_ptr<curl_slist, FreeList> headers;
  std::string url;
  std::string begin_of_answer;
};

class Writer {
 public:
  Writer(const ControlPlane& plane, const std::vector<RawRequest>& requests, std::size_t at_once, RawWire wire)
      : plane_(plane), requests_(requests), wire_(wire), slots_(std::min(at_once, requests.size())) {
    multi_.reset(curl_multi_init());
    if (multi_ == nullptr) throw std::runtime_error("libcurl cannot start");
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(slots_.size()));
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING,
                      static_cast<long>(wire == RawWire::http2_one_wire ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING));
    for (auto& slot : slots_) slot.easy.reset(curl_easy_init());
  }
  ~Writer() {
    for (auto& slot : slots_) {
      curl_multi_remove_handle(multi_.get(), slot.easy.get());
      slot.easy.reset();
    }
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  RawResult run() {
    const auto begin = std::chrono::steady_clock::now();
    const auto processor = processor_time();
    for (auto& slot : slots_) start(slot);
    while (done_ < requests_.size()) {
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) throw std::runtime_error("libcurl fails");
      int left = 0;
      bool any = false;
      while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        finish(message->easy_handle, message->data.result);
        any = true;
      }
      if (!any && done_ < requests_.size()) curl_multi_poll(multi_.get(), nullptr, 0, 1000, nullptr);
    }
    result_.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result_.processor_s = std::chrono::duration<double>(processor_time() - processor).count();
    return result_;
  }

 private:
  void start(Slot& slot) {
    if (next_ == requests_.size()) return;
    const RawRequest& request = requests_[next_++];
    CURL* handle = slot.easy.get();
    curl_easy_reset(handle);
    slot.url = plane_.url() + request.path;
    slot.begin_of_answer.clear();
    curl_slist* list = curl_slist_append(nullptr, ("Authorization: Bearer " + plane_.admin_token()).c_str());
    for (const std::string& line :
         {"Content-Type: " + request.content_type, std::string("Accept: application/json"), std::string("Expect:")}) {
      list = curl_slist_append(list, line.c_str());
    }
    slot.headers.reset(list);
    const auto set = [handle](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
    std::string ca = plane_.ca_pem();
    curl_blob blob{ca.data(), ca.size(), CURL_BLOB_COPY};
    set(CURLOPT_CAINFO_BLOB, &blob);
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(CURLOPT_URL, slot.url.c_str());
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(wire_ == RawWire::http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    if (wire_ == RawWire::http2_one_wire) set(CURLOPT_PIPEWAIT, 1L);
    set(CURLOPT_HTTPHEADER, list);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_WRITEFUNCTION, &throw_away);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&slot.begin_of_answer));
    set(CURLOPT_PRIVATE, static_cast<void*>(&slot));
    curl_multi_add_handle(multi_.get(), handle);
  }

  void finish(CURL* handle, CURLcode code) {
    char* user = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &user);
    auto& slot = *reinterpret_cast<Slot*>(user);  // NOLINT(*-reinterpret-cast): curl's way to hand a pointer through
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status < 200 || status >= 300) {
      if (result_.failed++ == 0) {
        result_.first_failure = slot.url + ": " +
                                (code != CURLE_OK ? std::string(curl_easy_strerror(code)) : std::to_string(status)) + ' ' +
                                slot.begin_of_answer;
      }
    }
    curl_multi_remove_handle(multi_.get(), handle);
    ++done_;
    start(slot);
  }

  const ControlPlane& plane_;
  const std::vector<RawRequest>& requests_;
  RawWire wire_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  RawResult result_;
};

}  // namespace

std::string_view wire_name(RawWire wire) noexcept {
  switch (wire) {
    case RawWire::http1: return "http1";
    case RawWire::http2: return "http2";
    case RawWire::http2_one_wire: return "http2_one_wire";
  }
  return "";
}

RawResult write_raw(const ControlPlane& plane, const std::vector<RawRequest>& requests, std::size_t at_once, RawWire wire) {
  return Writer(plane, requests, at_once, wire).run();
}

RawRequest raw_apply(const std::string& collection, const std::string& name, std::string json, const std::string& manager) {
  return {"PATCH", collection + '/' + name + "?fieldManager=" + manager + "&fieldValidation=Strict",
          "application/apply-patch+yaml", std::move(json)};
}

}  // namespace gitopsctl::support
