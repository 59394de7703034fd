#include "tests/parity/goyaml.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

namespace gitopsctl::tests {

bool ask_goyaml(const std::string& peer, std::vector<GoYamlFrame>& frames) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / ("goyaml_" + std::to_string(std::random_device{}()));
  fs::create_directories(folder);
  const std::string in = (folder / "in").string();
  const std::string out = (folder / "out").string();
  {
    std::ofstream file(in, std::ios::binary);
    for (const auto& frame : frames) file << frame.verb << ' ' << frame.text.size() << '\n' << frame.text;
  }
  // NOLINTNEXTLINE(cert-env33-c): the shell redirects
  const int status = std::system(("'" + peer + "' < '" + in + "' > '" + out + "'").c_str());
  std::ifstream file(out, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  fs::remove_all(folder);
  std::size_t at = 0;
  for (auto& frame : frames) {
    const std::size_t end = all.find('\n', at);
    const std::size_t blank = all.find(' ', at);
    if (end == std::string::npos || blank > end) return false;
    const std::size_t size = std::stoul(all.substr(blank + 1, end - blank - 1));
    frame.ok = all.compare(at, blank - at, "ok") == 0;
    frame.answer = all.substr(end + 1, size);
    at = end + 1 + size;
  }
  return status == 0 && at == all.size();
}

}  // namespace gitopsctl::tests
