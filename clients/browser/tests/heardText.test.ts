import { expect, test } from "vitest";
import { splitHeard } from "../src/heardText";

test.each([
  ["The water boils at a hundred degrees.", "The water boils", "The water boils", " at a hundred degrees."],
  ["The water boils.", "The water boils.", "The water boils.", ""],
  ["The water boils.", "", "", "The water boils."],
  ["Well, the  water — boils now.", "well the water boils", "Well, the  water — boils", " now."],
  ["Dove l'acqua è già calda", "dove l'acqua è", "Dove l'acqua è", " già calda"],
  ["One two three", "one deux three", "One", " two three"],
  ["", "something", "", ""],
])("of %j with %j heard", (text, heardText, heard, unheard) => {
  expect(splitHeard(text, heardText)).toEqual({ heard, unheard });
});
