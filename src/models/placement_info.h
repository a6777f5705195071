// Copyright (c) 2026 The Norma authors
// SPDX-License-Identifier: MIT

// What a placement of norms is, for help texts, tables and the models. Torch-free.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/config.h"

namespace norma::models {

class Placement;
struct PlacementOptions;

// In the texts: x is the residual stream, f a sub-layer (A self-attention, C cross-attention, F the
// feed-forward network), N a norm, L the blocks of the stack, and l a block, from 1.
struct PlacementInfo {
  const char* name;
  const char* equation;  // of one block
  const char* source;
  const char* start;       // what it does to the initial weights; empty: nothing of its own
  const char* final_norm;  // after the last block; empty: none
  const char* cost;        // norms that a block of self-attention and feed-forward network applies
  const char* drawing;     // of a sub-layer or a block, lines without an end
  std::shared_ptr<Placement> (*make)(const PlacementOptions&);
  // Why the configuration has no meaning with this placement; empty where it has one. Null: it
  // always has.
  std::string (*refusal)(const ModelConfig&) = nullptr;
  // Stands inside the cell of a recurrent net (recurrent_cell.h), and joins no sub-layers: make is
  // null.
  bool recurrent = false;
  // Whether it applies the model's norm at all; then two norms are two models.
  bool uses_norm = true;
  const char* also = "";  // what others call it, with commas between
};

std::span<const PlacementInfo* const> placements();
// Names of those that a Transformer takes.
const std::vector<std::string>& stack_placements();
// Null for a name that is not among known_placements().
const PlacementInfo* find_placement(const std::string& name);
// Whether the model applies its norm operator at all: in its placement, or to queries and keys.
// REQUIRES: a known placement.
bool applies_norm(const ModelConfig& config);
// `unknown placement "sandwich"; here it is "peri".`, or with the nearest of the known names.
std::string unknown_placement(const std::string& name);

// A file each, or one for a placement and its variant: placement_<name>.cc.
extern const PlacementInfo kPlacementNone, kPlacementPost, kPlacementPre, kPlacementParallel,
    kPlacementPeri, kPlacementOlmo2, kPlacementDeepnorm, kPlacementAdmin, kPlacementSubLn,
    kPlacementNormformer, kPlacementLns, kPlacementMix, kPlacementHybrid, kPlacementResidual,
    kPlacementB2t, kPlacementDlcl, kPlacementKeel, kPlacementSiamese, kPlacementNgpt,
    kPlacementLayerscale, kPlacementRezero, kPlacementGpas, kPlacementPeriEmbedding,
    kPlacementParallelTwo, kPlacementHybridStar, kPlacementGates, kPlacementPerGate,
    kPlacementCell;

}  // namespace norma::models
