"""How complete a turn is by its words, in English and Italian.

Written from what grammars say about closed classes of words (a preposition wants a noun, an auxiliary a verb), not
learned from examples: there is nothing to download, it takes microseconds, and a wrong judgement has a line to mend.
"""
