#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace gitopsctl::tests {

/// Makes documents for sops to encrypt: the same ones for the same seed.
class SopsGenerator {
 public:
  explicit SopsGenerator(unsigned seed) : random_(seed) {}

  /// One or more documents with comments, dates, texts in every style.
  [[nodiscard]] std::string yaml();
  [[nodiscard]] std::string json();
  [[nodiscard]] std::string dotenv();
  [[nodiscard]] std::string binary();
  /// Without null and empty values, which no sum covers, and without comments: every change of it can be noticed.
  [[nodiscard]] std::string covered_yaml();

  [[nodiscard]] std::size_t below(std::size_t bound) { return random_() % bound; }
  [[nodiscard]] bool chance(std::size_t one_in) { return below(one_in) == 0; }

 private:
  std::string key(std::vector<std::string>& used);
  std::string text();
  std::string scalar();
  std::string json_value(int depth);
  std::string json_map(int depth);
  void yaml_map(int depth, const std::string& indent, std::string& out);
  void yaml_list(int depth, const std::string& indent, std::string& out);
  void yaml_value(int depth, const std::string& indent, std::string& out);
  void comment(const std::string& indent, std::string& out);

  std::mt19937 random_;
  bool yaml_ = false;
  bool covered_ = false;
};

}  // namespace gitopsctl::tests
