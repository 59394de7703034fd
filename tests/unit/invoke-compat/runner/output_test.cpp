#include "invoke-compat/runner/output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "invoke-compat/runner/descriptor.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

TEST_SUITE("invoke: output sinks") {
  TEST_CASE("a reader that went away costs neither a signal nor an error") {
    Pipe pipe = *make_pipe();
    pipe.read.close();
    DescriptorSink sink(pipe.write.fd());
    sink.write("nobody reads this\n");
    sink.write("nor this\n");
  }

  TEST_CASE("a reader that is slow holds nobody up longer than allowed") {
    Pipe pipe = *make_pipe();
    DescriptorSink sink(pipe.write.fd());
    int asked = 0;
    sink.write(std::string(1U << 20U, 'x'), [&asked] { return ++asked < 3; });
    CHECK(asked == 3);
    // The flags of a descriptor that others may share stay as they are.
    CHECK((::fcntl(pipe.write.fd(), F_GETFL) & O_NONBLOCK) == 0);
  }

  TEST_CASE("all bytes arrive in order when somebody reads") {
    Pipe pipe = *make_pipe();
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i);
    std::string got;
    std::thread reader([&] {
      std::array<char, 5000> buffer{};
      for (ssize_t count = 0; (count = ::read(pipe.read.fd(), buffer.data(), buffer.size())) > 0;) {
        got.append(buffer.data(), static_cast<std::size_t>(count));
      }
    });
    DescriptorSink sink(pipe.write.fd());
    sink.write(text);
    pipe.write.close();
    reader.join();
    CHECK(got == text);
  }

  TEST_CASE("a memory sink keeps the start") {
    MemorySink sink(5);
    sink.write("abc");
    sink.write("def");
    CHECK(sink.text() == "abcde");
  }

  TEST_CASE("lines get a prefix, whole ones at once") {
    MemorySink to;
    {
      PrefixSink sink(to, "[a] ");
      sink.write("one\ntw");
      CHECK(to.text() == "[a] one\n");
      sink.write("o\n\nthree");
      CHECK(to.text() == "[a] one\n[a] two\n[a] \n");
    }
    CHECK(to.text() == "[a] one\n[a] two\n[a] \n[a] three\n");
  }

  TEST_CASE("a line without an end is cut, so that memory has a bound") {
    MemorySink to;
    {
      PrefixSink sink(to, "> ");
      for (int i = 0; i < 10; ++i) sink.write(std::string(PrefixSink::max_line / 4, 'x'));
      sink.write("\n");
    }
    const std::string line = "> " + std::string(PrefixSink::max_line, 'x') + "\n";
    CHECK(to.text() == line + line + "> " + std::string(PrefixSink::max_line / 2, 'x') + "\n");
    // A line of exactly that length is one line.
    MemorySink exact;
    {
      PrefixSink sink(exact, "> ");
      sink.write(std::string(PrefixSink::max_line, 'x') + "\n");
    }
    CHECK(exact.text() == line);
  }

  TEST_CASE("pipes are never the standard descriptors and never inherited") {
    const Pipe pipe = *make_pipe();
    for (const Descriptor* end : {&pipe.read, &pipe.write}) {
      CHECK(end->fd() > 2);
      CHECK((::fcntl(end->fd(), F_GETFD) & FD_CLOEXEC) != 0);
    }
  }
}
