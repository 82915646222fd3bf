"""Something long to be told, so that there is time to interrupt it."""

STORY = (
    "The sign for it is a long letter S. It was first written down by a mathematician from Leipzig. "
    "It stands for the word sum. The area under a curve is what it measures. For a long time nobody could say "
    "why it worked so well. A better definition came two centuries later. Students still meet it in their first year. "
    "Most of them like derivatives better."
)
