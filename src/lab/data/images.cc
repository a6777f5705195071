// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

#include "lab/data/images.h"

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/sha256.h"

namespace norma::lab {
namespace {

constexpr char kRemedy[] = " Give the files as MNIST has them, unpacked, or run `make data`.";

Status damaged(const std::string& path, const std::string& what) {
  return Status(StatusCode::kDataLoss, path + " " + what + "." + kRemedy);
}

// The dimensions that an IDX file of bytes begins with, checked against its length.
Result<std::vector<int64_t>> read_head(const std::string& path, const std::string& bytes,
                                       size_t dimensions) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() >= 2 && byte(0) == 0x1f && byte(1) == 0x8b) {
    return damaged(path, "is packed by gzip: gunzip it");
  }
  const size_t head = 4 + 4 * dimensions;
  if (bytes.size() < head) {
    return damaged(path, "has " + std::to_string(bytes.size()) + " bytes, fewer than the head of " +
                             std::to_string(head) + " of an IDX file");
  }
  if (byte(0) != 0 || byte(1) != 0 || byte(2) != 8 || byte(3) != dimensions) {
    return damaged(path, "is no IDX file of bytes with " + std::to_string(dimensions) +
                             (dimensions == 1 ? " dimension" : " dimensions"));
  }
  std::vector<int64_t> sizes;
  // No product of dimensions is taken before it is known to be no more than the file has.
  auto most = static_cast<int64_t>(bytes.size() - head);
  int64_t elements = 1;
  for (size_t d = 0; d < dimensions; ++d) {
    int64_t size = 0;
    for (size_t i = 0; i < 4; ++i) size = size << 8 | byte(4 + 4 * d + i);
    sizes.push_back(size);
    if (size == 0) return damaged(path, "says that it has nothing in it (a dimension is 0)");
    if (elements > most / size) elements = most + 1;
    if (elements <= most) elements *= size;
  }
  if (elements == most) return sizes;
  std::string said;
  for (const int64_t size : sizes) said += (said.empty() ? "" : " x ") + std::to_string(size);
  return damaged(path, "says that it has " + said + " bytes behind its head but has " +
                           std::to_string(most));
}

struct Files {
  const std::string &images_path, &labels_path;
  const std::string &images, &labels;  // bytes
};

Result<Images> read_part(const Files& files) {
  Result<std::vector<int64_t>> image_sizes = read_head(files.images_path, files.images, 3);
  if (!image_sizes.ok()) return image_sizes.status();
  Result<std::vector<int64_t>> label_sizes = read_head(files.labels_path, files.labels, 1);
  if (!label_sizes.ok()) return label_sizes.status();
  const std::vector<int64_t>& sizes = image_sizes.value();
  if (sizes[0] != label_sizes.value()[0]) {
    return damaged(files.labels_path, "has " + std::to_string(label_sizes.value()[0]) +
                                          " labels but " + files.images_path + " has " +
                                          std::to_string(sizes[0]) + " pictures");
  }
  Images part;
  part.count = sizes[0];
  part.features = sizes[1] * sizes[2];
  part.pixels = files.images.substr(16);
  part.label.assign(files.labels.begin() + 8, files.labels.end());
  return part;
}

}  // namespace

const std::vector<std::string>& image_files() {
  static const std::vector<std::string> names = {
      "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"};
  return names;
}

Result<ImageSplit> load_images(const std::string& folder) {
  std::vector<std::string> paths, bytes;
  for (const std::string& name : image_files()) {
    paths.push_back((std::filesystem::path(folder) / name).string());
    Result<std::string> file = read_file(paths.back());
    if (file.status().code() == StatusCode::kNotFound) {
      return Status(StatusCode::kNotFound,
                    "there is no file \"" + paths.back() + "\"." + kRemedy);
    }
    if (!file.ok()) return file.status();
    bytes.push_back(std::move(file.value()));
  }
  ImageSplit split;
  split.sha256 = sha256(bytes[0] + bytes[1] + bytes[2] + bytes[3]);
  Result<Images> train = read_part({paths[0], paths[1], bytes[0], bytes[1]});
  if (!train.ok()) return train.status();
  Result<Images> valid = read_part({paths[2], paths[3], bytes[2], bytes[3]});
  if (!valid.ok()) return valid.status();
  split.train = std::move(train.value());
  split.valid = std::move(valid.value());
  if (split.train.features != split.valid.features) {
    return damaged(paths[2], "has pictures of " + std::to_string(split.valid.features) +
                                 " pixels but " + paths[0] + " of " +
                                 std::to_string(split.train.features));
  }
  const auto highest = [](const Images& part) {
    return int64_t{*std::max_element(part.label.begin(), part.label.end())};
  };
  split.classes = highest(split.train) + 1;
  if (split.classes < 2) return damaged(paths[1], "has one class, and nothing to tell apart");
  if (highest(split.valid) >= split.classes) {
    return damaged(paths[3], "has the class " + std::to_string(highest(split.valid)) +
                                 ", which " + paths[1] + " lacks");
  }
  return split;
}

}  // namespace norma::lab
