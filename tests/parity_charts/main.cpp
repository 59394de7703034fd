// `./dev parity DIR…`: charts that somebody has at hand, rendered by helm and by our engine, and compared byte by byte. What
// the arguments mean stands in `./dev parity --help`.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/parity_charts/comparison.hpp"
#include "tests/parity_charts/report.hpp"
#include "tests/support/peers.hpp"

using namespace gitopsctl::tests;

namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<fs::path> roots;
  std::vector<std::string> only;
  std::vector<std::string> listed;  ///< paths of charts in their repositories
  std::string profile = "helm-4.3";
  std::string output;
  fs::path details;
  fs::path prepared;
  int sets = 10;
  int jobs = 2;
  std::string command = "./dev parity ../public-charts/*";
};

/// A mistake in the arguments.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The paths of a list: lines `REPOSITORY[@BRANCH] PATH…`, `#` begins a comment.
std::vector<std::string> read_list(const fs::path& file) {
  std::vector<std::string> out;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    for (int number = 0; words >> word; ++number) {
      if (number > 0) out.push_back(word);
    }
  }
  return out;
}

int number_of(const std::string& text, const std::string& flag) {
  constexpr int most = 10'000;
  int out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || out > most) throw UsageError(flag + " needs a number");
    out = out * 10 + (c - '0');
  }
  return out;
}

Options read_options(const std::vector<std::string>& arguments) {
  Options out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string flag = arguments[i];
    if (!flag.starts_with('-')) {
      out.roots.emplace_back(flag);
      continue;
    }
    std::string value;
    const auto equals = flag.find('=');
    if (equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.erase(equals);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      throw UsageError(flag + " needs a value");
    }
    if (flag == "--only") {
      out.only.push_back(value);
      out.command += " --only " + value;
    } else if (flag == "--list") {
      out.listed = read_list(value);
      out.command += " --list " + value;
    } else if (flag == "--profile") {
      out.profile = value;
      out.command += " --profile " + value;
    } else if (flag == "--sets") {
      out.sets = number_of(value, flag);
      out.command += " --sets " + value;
    } else if (flag == "--jobs") {
      out.jobs = std::max(1, number_of(value, flag));
    } else if (flag == "--details") {
      out.details = value;
    } else if (flag == "--prepared") {
      out.prepared = value;
    } else if (flag == "-o") {
      out.output = value;
      out.command += " -o " + value;
    } else {
      throw UsageError("parity does not know '" + flag + "'");
    }
  }
  if (out.roots.empty()) throw UsageError("parity needs folders with charts");
  return out;
}

fs::path cache_folder() {
  // NOLINTBEGIN(concurrency-mt-unsafe): nothing changes the environment
  const char* given = std::getenv("XDG_CACHE_HOME");
  if (given != nullptr && *given != '\0') return fs::path(given) / "gitopsctl" / "parity";
  const char* home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  if (home == nullptr || *home == '\0') return fs::temp_directory_path() / "gitopsctl-parity";
  return fs::path(home) / ".cache" / "gitopsctl" / "parity";
}

CachedHelm helm_of(const std::string& profile) {
  const std::string peer = profile == "helm-4.3" ? "helm" : profile;
  const auto program = find_peer(peer);
  if (!program) throw std::runtime_error("there is no peer " + peer + ": ./dev setup --peers=" + peer);
  return {*program, cache_folder()};
}

/// A line that replaces itself, where somebody watches.
class Progress {
 public:
  explicit Progress(std::size_t charts) : charts_(charts), shown_(::isatty(STDERR_FILENO) == 1) {}
  void say(const std::string& what) {
    if (!shown_) return;
    const std::lock_guard lock(mutex_);
    std::cerr << "\r\033[K[" << done_ << '/' << charts_ << "] " << what << std::flush;
  }
  void finish_one() { ++done_; }
  void clear() {
    if (shown_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  std::size_t charts_;
  bool shown_;
  std::atomic<std::size_t> done_ = 0;
  std::mutex mutex_;
};

std::vector<ChartOutcome> compare_all(const std::vector<FoundChart>& charts, const std::vector<FoundChart>& pool,
                                      const CachedHelm& helm, const Options& options) {
  Progress progress(charts.size());
  ComparisonOptions comparison{.profile = options.profile,
                               .generated_sets = options.sets,
                               .details = options.details,
                               .prepared = options.prepared,
                               .progress = {}};
  comparison.progress = [&](const std::string& what) { progress.say(what); };
  std::vector<ChartOutcome> out(charts.size());
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failed;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.jobs; ++i) {
      threads.emplace_back([&] {
        for (std::size_t at = next++; at < charts.size(); at = next++) {
          try {
            out[at] = compare_chart(charts[at], pool, helm, comparison);
          } catch (...) {
            const std::lock_guard lock(mutex);
            failed = std::current_exception();
            next = charts.size();
          }
          progress.finish_one();
        }
      });
    }
  }
  progress.clear();
  if (failed) std::rethrow_exception(failed);
  return out;
}

int run(const Options& options) {
  const auto pool = find_charts(options.roots);
  ReportHead head{.helm_version = {}, .profile = options.profile, .command = options.command, .absent = options.listed};
  std::vector<FoundChart> charts;
  for (const auto& chart : pool) {
    const auto path = fs::relative(chart.path, chart.root).string();
    if (!options.only.empty() && std::find(options.only.begin(), options.only.end(), chart.name) == options.only.end())
      continue;
    if (!options.listed.empty() && std::find(options.listed.begin(), options.listed.end(), path) == options.listed.end())
      continue;
    std::erase(head.absent, path);
    charts.push_back(chart);
  }
  if (!options.only.empty()) head.absent.clear();
  if (charts.empty()) throw UsageError("there is no chart to compare in these folders");
  const auto helm = helm_of(options.profile);
  head.helm_version = helm.version();
  const auto outcomes = compare_all(charts, pool, helm, options);
  std::cout << text_report(head, outcomes);
  if (!options.output.empty()) write_text(fs::absolute(options.output), markdown_report(head, outcomes));
  const bool complete = head.absent.empty() && std::all_of(outcomes.begin(), outcomes.end(), [](const ChartOutcome& one) {
                          return one.missing.empty() && one.differences.empty();
                        });
  return complete ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    return run(read_options(arguments));
  } catch (const UsageError& error) {
    std::cerr << "chart_parity: " << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "chart_parity: " << error.what() << "\n";
    return 1;
  }
}
