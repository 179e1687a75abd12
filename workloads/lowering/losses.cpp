// Losses. Each ends the forward pass and begins the backward one; in inference none is computed.
#include <fmt/format.h>

#include <utility>

#include "models/base/error.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {
namespace {

constexpr std::uint64_t kBox = 4;  // coordinates

}  // namespace

void Builder::forward_loss(LayerIndex index) {
  if (!training_) {
    free_layers_.push_back(layer(index).name + ": no loss in inference");
    for (const ValueId result : saved_[index].inputs) graph_.value(result).kept = true;
    return set_output(index, saved_[index].inputs.front());
  }
  switch (layer(index).kind) {
    case LayerKind::loss:
      return forward_softmax_loss(index);
    case LayerKind::multibox_loss:
      return forward_multibox_loss(index);
    case LayerKind::yolo_loss:
      return forward_yolo_loss(index);
    default:
      throw InternalError{"a loss that is none"};
  }
}

void Builder::backward_loss(LayerIndex index) {
  switch (layer(index).kind) {
    case LayerKind::loss:
      return backward_softmax_loss(index);
    case LayerKind::multibox_loss:
      return backward_multibox_loss(index);
    case LayerKind::yolo_loss:
      return backward_yolo_loss(index);
    default:
      throw InternalError{"a loss that is none"};
  }
}

ValueId Builder::loss_value(LayerIndex index, const std::string& part) {
  const ValueId loss = value(layer(index).name + part, "fp32", Elements{1});
  graph_.value(loss).kept = true;
  return loss;
}

/// Coordinates and class of every object of every image: from outside.
ValueId Builder::true_boxes(LayerIndex index) {
  const ValueId id =
      value(layer(index).name + ":objects", "fp32", Elements{batch_ * layer(index).objects * (kBox + 1)});
  graph_.value(id).input = true;
  return id;
}

void Builder::forward_softmax_loss(LayerIndex index) {
  const ValueId logits = saved_[index].inputs.front();
  const Elements elements = graph_.value(logits).elements;
  const Elements samples{elements.value() / layer(index).output.back()};
  const ValueId labels = value(layer(index).name + ":labels", "int32", samples);
  graph_.value(labels).input = true;
  const ValueId probabilities = value(layer(index).name + ":probabilities", recipe_.vector, elements);
  const ValueId loss = loss_value(index, ":loss");
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, elements, {all_of(logits), all_of(labels)},
           {all_of(probabilities), all_of(loss, true)}, {{VectorKind::loss, elements}});
  saved_[index].inputs.push_back(labels);
  set_output(index, probabilities);
}

/// Every default box is matched with the object that it overlaps most; coordinates are then compared, classes are as in
/// other losses, but of the boxes without an object only the worst three for each with one count: those have to be found
/// among all boxes of the image before there is a gradient.
void Builder::forward_multibox_loss(LayerIndex index) {
  const Layer& l = layer(index);
  const ValueId boxes = saved_[index].inputs[0], scores = saved_[index].inputs[1];
  const Elements coordinates = graph_.value(boxes).elements, logits = graph_.value(scores).elements;
  const Elements count{coordinates.value() / kBox};
  const ValueId objects = true_boxes(index);
  const ValueId targets = value(l.name + ":targets", recipe_.vector, coordinates);
  const ValueId labels = value(l.name + ":labels", "int8", count);
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, coordinates, {all_of(objects)},
           {all_of(targets), all_of(labels)},
           {{VectorKind::box_matching, count * l.objects}, {VectorKind::box_coordinates, coordinates}});
  const ValueId errors = value(l.name + ":box errors", recipe_.vector, coordinates);
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, coordinates, {all_of(boxes), all_of(targets), all_of(labels)},
           {all_of(errors), all_of(loss_value(index, ":box loss"), true)}, {{VectorKind::smooth_l1, coordinates}});
  const ValueId probabilities = value(l.name + ":probabilities", recipe_.vector, logits);
  const ValueId losses = value(l.name + ":losses", recipe_.vector, count);
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, logits, {all_of(scores), all_of(labels)},
           {all_of(probabilities), all_of(losses)}, {{VectorKind::loss, logits}});
  const ValueId counted = value(l.name + ":counted", "bit", count);
  const ValueId loss = loss_value(index, ":class loss");
  add_node(index, Pass::vector_fwd, NodeKind::reshaping, count, {all_of(losses), all_of(labels)},
           {all_of(counted), all_of(loss, true)}, {{VectorKind::hard_negative_mining, count}});
  saved_[index].errors = {errors, labels, probabilities, counted};
  set_output(index, loss);
}

/// Coordinates, objectness and classes of every box: logistic losses, and decoded boxes compared with all objects, since those
/// that overlap one by more than a threshold count as neither hit nor miss.
void Builder::forward_yolo_loss(LayerIndex index) {
  const Layer& l = layer(index);
  const ValueId objects = true_boxes(index);
  for (std::size_t scale = 0; scale < saved_[index].inputs.size(); ++scale) {
    const ValueId map = saved_[index].inputs[scale];
    const Elements logits = graph_.value(map).elements;
    const Elements boxes{logits.value() / (input_of(index, scale).output[0] / l.anchors)};
    const ValueId errors = value(fmt::format("{}:errors {}", l.name, scale), recipe_.vector, logits);
    const ValueId loss = loss_value(index, fmt::format(":loss {}", scale));
    add_node(index, Pass::vector_fwd, NodeKind::row_wise, logits, {all_of(map), all_of(objects)},
             {all_of(errors), all_of(loss, true)},
             {{VectorKind::box_coordinates, boxes * kBox},
              {VectorKind::box_matching, boxes * l.objects},
              {VectorKind::logistic_loss, logits}});
    saved_[index].errors.push_back(errors);
    if (scale == 0) set_output(index, loss);
  }
}

void Builder::backward_softmax_loss(LayerIndex index) {
  const ValueId probabilities = *outputs_[index];
  const Elements elements = graph_.value(probabilities).elements;
  const ValueId dx = value(layer(index).name + ":in:grad", recipe_.vector, elements);
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements,
           {all_of(probabilities), all_of(saved_[index].inputs.back())}, {all_of(dx)},
           {{VectorKind::loss_backward, elements}});
  contribute(layer(index).inputs.front(), dx);
}

void Builder::backward_multibox_loss(LayerIndex index) {
  const Layer& l = layer(index);
  const auto gradient = [&](std::size_t input, std::vector<Use> from, VectorKind kind) {
    const Elements elements = graph_.value(saved_[index].inputs[input]).elements;
    const ValueId dx = value(fmt::format("{}:in{}:grad", l.name, input), recipe_.vector, elements);
    add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, std::move(from), {all_of(dx)}, {{kind, elements}});
    contribute(l.inputs[input], dx);
  };
  const std::vector<ValueId>& of = saved_[index].errors;
  gradient(0, {all_of(of[0])}, VectorKind::smooth_l1_backward);
  gradient(1, {all_of(of[2]), all_of(of[1]), all_of(of[3])}, VectorKind::loss_backward);
}

void Builder::backward_yolo_loss(LayerIndex index) {
  for (std::size_t scale = 0; scale < layer(index).inputs.size(); ++scale) {
    contribute(layer(index).inputs[scale],
               pointwise(index, Pass::vector_bwd, VectorKind::logistic_loss_backward, {saved_[index].errors[scale]},
                         fmt::format("{}:in{}:grad", layer(index).name, scale)));
  }
}

}  // namespace nibble::lowering
