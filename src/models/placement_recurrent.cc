// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// Where norms stand inside a recurrent cell: recurrent_cell.h has the equations.

#include "models/placement_info.h"

namespace norma::models {

const PlacementInfo kPlacementGates = {
    .name = "gates",
    .equation =
        "LSTM (f, i, o, g) = N(W_x x) + N(W_h h) + b, h = s(o) tanh(N(c)); GRU its gates and its "
        "new state alike; RNN h = tanh(N(W_x x + W_h h) + b)",
    .source = "Ba, Kiros and Hinton 2016",
    .start = "",
    .final_norm = "",
    .cost = "LSTM 3 a position, two of them of four widths; GRU 4; RNN 1",
    .drawing =
        "LSTM  x ─ W_x ─ N ┐\n"
        "                  + ─ gates ─ c ─ N ─ tanh ─ h\n"
        "      h ─ W_h ─ N ┘\n"
        "GRU   x ─ W_x ─ N ┐\n"
        "                  + ─ gates ─ h\n"
        "      h ─ W_h ─ N ┘\n"
        "RNN   x ─ W_x ┐\n"
        "              + ─ N ─ tanh ─ h\n"
        "      h ─ W_h ┘",
    .make = nullptr,
    .recurrent = true,
    .also = "layernorm-lstm, ln-lstm",
};

const PlacementInfo kPlacementPerGate = {
    .name = "per_gate",
    .equation = "LSTM, each of f, i, o, g = N(its share of W_x x + W_h h) + b",
    .source = "TensorFlow's LayerNormBasicLSTMCell",
    .start = "",
    .final_norm = "",
    .cost = "4 a position",
    .drawing =
        "x ─ W_x ┐\n"
        "        + ─ N of each gate ─ gates ─ c ─ tanh ─ h\n"
        "h ─ W_h ┘",
    .make = nullptr,
    .recurrent = true,
};

const PlacementInfo kPlacementCell = {
    .name = "cell",
    .equation = "LSTM, h = s(o) tanh(N(c))",
    .source = "Ba, Kiros and Hinton 2016, section 6.4 (DRAW)",
    .start = "",
    .final_norm = "",
    .cost = "1 a position",
    .drawing =
        "x ─ W_x ┐\n"
        "        + ─ gates ─ c ─ N ─ tanh ─ h\n"
        "h ─ W_h ┘",
    .make = nullptr,
    .recurrent = true,
};

}  // namespace norma::models
