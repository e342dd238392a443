package dev.diptych.clip.data;

/** Why a record of a data set was skipped. */
public enum BadReason {
  /** A caption without a picture. */
  MISSING_PICTURE("no picture"),
  /** A picture without a caption. */
  MISSING_CAPTION("no caption"),
  /** A caption of white space only. */
  EMPTY_CAPTION("empty caption"),
  /** A picture without a class, or with one that nobody has named. */
  MISSING_LABEL("no class"),
  /** A picture that cannot be read or decoded. */
  CORRUPT_PICTURE("unreadable picture"),
  /** A row of a table that is not as its header says. */
  BAD_ROW("bad row"),
  /** A relative path that leads out of the folder it is relative to. */
  PATH_OUTSIDE("path leads out of the folder"),
  /** A member of a shard that is doubled, too large or of no use. */
  BROKEN_MEMBER("broken member of a shard"),
  /** A shard that ends early or is damaged in the middle: what stood before is used. */
  DAMAGED_SHARD("damaged shard");

  private final String text;

  BadReason(String text) {
    this.text = text;
  }

  /** The reason in words, for messages. */
  public String text() {
    return text;
  }
}
