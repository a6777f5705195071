// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Pictures with a class each, read from a folder of the four IDX files that MNIST and Fashion-MNIST
// (Xiao, Rasul and Vollgraf 2017) come as, unpacked:
//   train-images-idx3-ubyte, train-labels-idx1-ubyte: to learn from
//   t10k-images-idx3-ubyte,  t10k-labels-idx1-ubyte:  their test set, held out
//
// IDX: two bytes 0, a byte for the type (8: bytes), a byte with the number of dimensions, each
// dimension as four bytes, the highest first, then the elements in rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace norma::lab {

struct Images {
  int64_t count = 0;
  int64_t features = 0;        // of a picture: rows times columns
  std::string pixels;          // count * features bytes
  std::vector<uint8_t> label;  // count of them
};

struct ImageSplit {
  Images train, valid;
  int64_t classes = 0;  // one more than the highest label to learn from
  std::string sha256;   // of the four files one after the other, in the order above
};

// Errors name the path, the rule and the remedy: kNotFound for no such file; kDataLoss for what is
// no IDX file of bytes, is still packed, has more or fewer bytes than its head says, or for files
// that do not belong together: other numbers of pictures and labels, or of pixels, or a held-out
// class that is not learned. Fewer than two classes are an error too.
Result<ImageSplit> load_images(const std::string& folder);

// Names of the four files, in the order above.
const std::vector<std::string>& image_files();

}  // namespace norma::lab
