// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "bench/harness/hidden_symbols.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/mapped_file.h"

namespace norma::bench {
namespace {

struct Library {
  std::string file;  // wanted
  std::string path;
  ElfW(Addr) base = 0;
};

int look(dl_phdr_info* info, size_t, void* to) {
  auto* const library = static_cast<Library*>(to);
  const std::string path = info->dlpi_name;
  if (!path.ends_with("/" + library->file)) return 0;
  library->path = path;
  library->base = info->dlpi_addr;
  return 1;
}

// Elements of a table in the file; none where it does not lie in there.
template <typename T>
std::vector<T> elements(std::string_view bytes, uint64_t offset, uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return {};
  std::vector<T> all(size / sizeof(T));
  std::memcpy(all.data(), bytes.data() + offset, all.size() * sizeof(T));
  return all;
}

std::vector<Elf64_Shdr> sections(std::string_view bytes) {
  const auto headers = elements<Elf64_Ehdr>(bytes, 0, sizeof(Elf64_Ehdr));
  if (headers.empty()) return {};
  const Elf64_Ehdr& h = headers.front();
  const bool is_elf = std::memcmp(h.e_ident, ELFMAG, SELFMAG) == 0;
  if (!is_elf || h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_shentsize != sizeof(Elf64_Shdr)) {
    return {};
  }
  return elements<Elf64_Shdr>(bytes, h.e_shoff, uint64_t{h.e_shnum} * sizeof(Elf64_Shdr));
}

}  // namespace

std::map<std::string, void*> hidden_functions(const std::string& file,
                                              const std::vector<std::string>& names) {
  Library library{.file = file, .path = {}};
  if (dl_iterate_phdr(look, &library) == 0) return {};
  const auto mapped = MappedFile::open(library.path, "shared library");
  if (!mapped.ok()) return {};
  const std::string_view bytes = mapped.value()->bytes();
  std::map<std::string, void*> found;
  const std::vector<Elf64_Shdr> all = sections(bytes);
  for (const Elf64_Shdr& table : all) {
    if (table.sh_type != SHT_SYMTAB || table.sh_link >= all.size()) continue;
    const Elf64_Shdr& strings = all[table.sh_link];
    for (const auto& symbol : elements<Elf64_Sym>(bytes, table.sh_offset, table.sh_size)) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0) continue;
      const uint64_t at = strings.sh_offset + symbol.st_name;
      if (at >= bytes.size()) continue;
      const std::string_view rest = bytes.substr(at);
      for (const std::string& name : names) {
        if (rest.size() > name.size() && rest.starts_with(name) && rest[name.size()] == '\0') {
          found[name] = reinterpret_cast<void*>(library.base + symbol.st_value);
        }
      }
    }
  }
  return found;
}

}  // namespace norma::bench
