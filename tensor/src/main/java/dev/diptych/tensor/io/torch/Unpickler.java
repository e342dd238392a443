package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.io.torch.Pickled.Item;
import dev.diptych.tensor.io.torch.Pickled.Mapping;
import dev.diptych.tensor.io.torch.Pickled.Sequence;
import dev.diptych.tensor.io.torch.Pickled.Sequence.Kind;
import dev.diptych.tensor.io.torch.Pickled.Text;
import dev.diptych.tensor.io.torch.Pickled.Truth;
import dev.diptych.tensor.io.torch.Pickled.Whole;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Pickle's stack machine, restricted: it builds {@link Pickled} values and knows only the functions
 * in {@link Globals}, which make such values. In Python a pickle may call any function there is;
 * here it cannot, because there is nothing to call. Instructions of protocols 2 to 5 are known.
 *
 * <p>There are no loops in a pickle, so that time and memory are bounded by the number of its
 * instructions, of which two million are allowed; nothing is allocated by a claimed size.
 *
 * @see <a href="https://docs.python.org/3/library/pickletools.html">the instructions</a>
 */
final class Unpickler {
  private static final int MAX_INSTRUCTIONS = 2_000_000;

  private final PickleInput in;
  private long left = MAX_INSTRUCTIONS;
  private final List<Pickled> stack = new ArrayList<>();
  private final Deque<Integer> marks = new ArrayDeque<>();
  private final Map<Long, Pickled> memo = new HashMap<>();
  private final Map<String, Storage> storages = new LinkedHashMap<>();

  Unpickler(PickleInput in) {
    this.in = in;
  }

  /** The blocks that the pickle mentions, whole, by their keys. */
  Map<String, Storage> storages() {
    return storages;
  }

  /**
   * Runs one pickle to its end.
   *
   * @throws TensorFileException if it is damaged, or asks for what is not permitted
   */
  Pickled load() throws TensorFileException {
    while (true) {
      spend(1);
      long at = in.position();
      int instruction = in.unsignedByte();
      if (instruction == '.') {
        return pop();
      }
      if (!pushValue(instruction) && !build(instruction) && !remember(instruction)) {
        throw refuse(instruction, at);
      }
    }
  }

  /**
   * What copies many values at once counts as many instructions, or a few would fill any memory.
   */
  private void spend(long instructions) throws TensorFileException {
    left -= instructions;
    if (left < 0) {
      throw Faults.damaged("its pickle has over " + MAX_INSTRUCTIONS + " instructions");
    }
  }

  private static TensorFileException refuse(int instruction, long at) {
    return switch (instruction) {
      case 'F', 'I', 'L', 'S', 'V', 'P', 'g', 'i', 'o', 'p' ->
          Faults.unsupported(
              "its pickle has the instruction '%c' (at byte %d) of protocol 0 or 1, not read here"
                  .formatted(instruction, at));
      case 0x82, 0x83, 0x84, 0x92, 0x97, 0x98 ->
          Faults.unsupported(
              "the pickle instruction 0x%02x at byte %d is none that tensors and plain values need"
                  .formatted(instruction, at));
      default ->
          Faults.damaged(
              "there is no pickle instruction 0x%02x (at byte %d)".formatted(instruction, at));
    };
  }

  /** Instructions that push a value which stands in the pickle itself. */
  private boolean pushValue(int instruction) throws TensorFileException {
    Pickled value =
        switch (instruction) {
          case 'N' -> Pickled.None.NONE;
          case 0x88 -> new Truth(true);
          case 0x89 -> new Truth(false);
          case 'J' -> Whole.of(in.signedInt());
          case 'K' -> Whole.of(in.unsignedByte());
          case 'M' -> Whole.of(in.unsignedShort());
          case 0x8a -> new Whole(in.integer(in.unsignedByte()));
          case 0x8b -> new Whole(in.integer(in.signedInt()));
          case 'G' -> new Pickled.Real(in.bigEndianDouble());
          case 'X' -> new Text(in.text(in.unsignedInt()));
          case 0x8c -> new Text(in.text(in.unsignedByte()));
          case 0x8d -> new Text(in.text(in.signedLong()));
          // Strings of Python 2; torch.load reads them as UTF-8 as well.
          case 'T' -> new Text(in.text(in.unsignedInt()));
          case 'U' -> new Text(in.text(in.unsignedByte()));
          case 'B' -> new Pickled.Bytes(in.bytes(in.unsignedInt()));
          case 'C' -> new Pickled.Bytes(in.bytes(in.unsignedByte()));
          case 0x8e, 0x96 -> new Pickled.Bytes(in.bytes(in.signedLong()));
          case ']' -> new Sequence(Kind.LIST, new ArrayList<>());
          case ')' -> new Sequence(Kind.TUPLE, List.of());
          case 0x8f -> new Sequence(Kind.SET, new ArrayList<>());
          case '}' -> Mapping.dictionary();
          case 'c' -> Globals.permit(in.line() + "." + in.line());
          default -> null;
        };
    if (value == null) {
      return false;
    }
    stack.add(value);
    return true;
  }

  /** Instructions that make values of values, or add values to containers. */
  private boolean build(int instruction) throws TensorFileException {
    switch (instruction) {
      case 0x85 -> pushTuple(1);
      case 0x86 -> pushTuple(2);
      case 0x87 -> pushTuple(3);
      case 't' -> stack.add(new Sequence(Kind.TUPLE, popToMark()));
      case 'l' -> stack.add(new Sequence(Kind.LIST, popToMark()));
      case 0x91 -> stack.add(new Sequence(Kind.SET, popToMark()));
      case 'd' -> {
        List<Pickled> items = popToMark();
        Mapping made = Mapping.dictionary();
        addItems(made, items);
        stack.add(made);
      }
      case 'a' -> {
        Pickled item = pop();
        topSequence().items().add(item);
      }
      case 'e', 0x90 -> {
        List<Pickled> items = popToMark();
        topSequence().items().addAll(items);
      }
      case 's' -> {
        Pickled value = pop();
        Pickled key = pop();
        topMapping().items().add(new Item(key, value));
      }
      case 'u' -> {
        List<Pickled> items = popToMark();
        addItems(topMapping(), items);
      }
      case 'b' -> setState(pop());
      case 'R' -> {
        Pickled arguments = pop();
        Pickled made = Globals.call(popGlobal(), arguments);
        spend(made.copied());
        stack.add(made);
      }
      case 0x81 -> {
        Pickled arguments = pop();
        stack.add(Globals.instantiate(popGlobal(), arguments));
      }
      case 0x93 -> {
        Pickled name = pop();
        Pickled module = pop();
        stack.add(Globals.permit(Globals.text(module) + "." + Globals.text(name)));
      }
      case 'Q' -> stack.add(new Pickled.StoragePart(PersistentIds.storage(pop(), storages)));
      default -> {
        return false;
      }
    }
    return true;
  }

  /** Instructions that move values between stack and memo, and those that only mark. */
  private boolean remember(int instruction) throws TensorFileException {
    switch (instruction) {
      case 0x80 -> {
        int protocol = in.unsignedByte();
        if (protocol > 5) {
          throw Faults.damaged("pickle protocol " + protocol + " is not known");
        }
      }
      case 0x95 -> in.signedLong(); // a hint how much to read at once
      case '(' -> marks.push(stack.size());
      case '0' -> pop();
      case '1' -> popToMark();
      case '2' -> stack.add(top());
      case 'q' -> memo.put((long) in.unsignedByte(), top());
      case 'r' -> memo.put(in.unsignedInt(), top());
      case 0x94 -> memo.put((long) memo.size(), top());
      case 'h' -> recall(in.unsignedByte());
      case 'j' -> recall(in.unsignedInt());
      default -> {
        return false;
      }
    }
    return true;
  }

  private void recall(long place) throws TensorFileException {
    Pickled value = memo.get(place);
    if (value == null) {
      throw Faults.damaged("the pickle recalls place " + place + " of its memo, which is empty");
    }
    stack.add(value);
  }

  private void setState(Pickled state) throws TensorFileException {
    switch (top()) {
      case Mapping object when state instanceof Mapping attributes -> {
        List<Item> added = List.copyOf(attributes.items()); // the object may be its own state
        spend(added.size());
        (object.isObject() ? object.items() : object.attributes()).addAll(added);
      }
      case Pickled.NumpyType type -> NumpyScalars.checkState(state);
      default ->
          throw Faults.unsupported(
              "it sets the state of "
                  + top().what()
                  + " to "
                  + state.what()
                  + ", which is no plain value");
    }
  }

  private void pushTuple(int count) throws TensorFileException {
    Pickled[] items = new Pickled[count];
    for (int i = count - 1; i >= 0; i--) {
      items[i] = pop();
    }
    stack.add(new Sequence(Kind.TUPLE, List.of(items)));
  }

  private static void addItems(Mapping target, List<Pickled> alternating)
      throws TensorFileException {
    if (alternating.size() % 2 != 0) {
      throw Faults.damaged("a dictionary in the pickle has a key without a value");
    }
    for (int i = 0; i < alternating.size(); i += 2) {
      target.items().add(new Item(alternating.get(i), alternating.get(i + 1)));
    }
  }

  private int floor() {
    return marks.isEmpty() ? 0 : marks.element();
  }

  private Pickled top() throws TensorFileException {
    if (stack.size() <= floor()) {
      throw Faults.damaged("the pickle takes more values than it made, at byte " + in.position());
    }
    return stack.getLast();
  }

  private Pickled pop() throws TensorFileException {
    Pickled value = top();
    stack.removeLast();
    return value;
  }

  private List<Pickled> popToMark() throws TensorFileException {
    if (marks.isEmpty()) {
      throw Faults.damaged("the pickle goes back to a mark that it did not set");
    }
    List<Pickled> above = stack.subList(marks.pop(), stack.size());
    List<Pickled> items = new ArrayList<>(above);
    above.clear();
    return items;
  }

  private Sequence topSequence() throws TensorFileException {
    if (top() instanceof Sequence sequence && sequence.kind() != Kind.TUPLE) {
      return sequence;
    }
    throw Faults.damaged("the pickle appends to " + top().what());
  }

  private Mapping topMapping() throws TensorFileException {
    if (top() instanceof Mapping mapping && !mapping.isObject()) {
      return mapping;
    }
    throw Faults.damaged("the pickle sets items of " + top().what());
  }

  private Pickled.Global popGlobal() throws TensorFileException {
    Pickled value = pop();
    if (value instanceof Pickled.Global global) {
      return global;
    }
    throw Faults.damaged("the pickle calls " + value.what());
  }
}
