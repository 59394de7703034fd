#pragma once

#include <string>
#include <string_view>

// Archives that nobody would make, for the tests of bounds.
namespace gitopsctl::tests {

/// One entry of a tar archive, its content padded. `type` as in ustar: `0` file, `1` hard link, `2` link, `5` directory,
/// `S` GNU's sparse file. `claimed` is the size in the header, where it is not that of the content.
[[nodiscard]] std::string tar_entry(std::string name, std::string_view content, char type = '0', std::string_view link = {},
                                    long long claimed = -1);
[[nodiscard]] std::string gzip(std::string_view text);
/// gzip of `repeat` copies of `part`, without ever holding them.
[[nodiscard]] std::string gzip_repeated(std::string_view head, std::string_view part, std::size_t repeat);

}  // namespace gitopsctl::tests
