#include "tests/cluster/proxy_bench.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace gitopsctl::tests {

using agent::demo::Wire;
using agent::demo::WireHead;

std::unique_ptr<Wire> ProxyBench::open(const std::string& method, const std::string& path, const std::string& body) const {
  auto wire = dialer.dial(proxy.port(), 20);
  REQUIRE(wire != nullptr);
  REQUIRE(wire->write(method + " " + path + " HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + plane.admin_token() +
                      "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
                      body));
  return wire;
}

Answer ProxyBench::ask(const std::string& method, const std::string& path, const std::string& body) const {
  const auto wire = open(method, path, body);
  WireHead head;
  Answer out;
  if (!wire->read_head(head)) return out;
  out.status = static_cast<int>(std::strtol(head.first_line.c_str() + 9, nullptr, 10));
  out.retry_after = head.header("retry-after");
  out.content_type = head.header("content-type");
  out.whole = wire->read_body(head, out.body, 1U << 20U);
  return out;
}

Answer ProxyBench::create(const std::string& name) const {
  return ask("POST", config_maps(), R"({"metadata":{"name":")" + name + R"("},"data":{"text":"hello"}})");
}

std::string ProxyBench::names() const {
  return plane.kubectl({"get", "configmaps", "-n", space, "-o=jsonpath={.items[*].metadata.name}"});
}

std::string ProxyBench::kubectl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"--kubeconfig=/dev/stdin", "--namespace=" + space});
  return plane.kubectl(arguments, proxy.kubeconfig());
}

}  // namespace gitopsctl::tests
