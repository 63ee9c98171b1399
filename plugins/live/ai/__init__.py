"""Practice without a person: a scripted interviewer over a question bank, no language model.

It chooses follow-up questions by the topics that an answer mentions. It claims topic coverage only: measured
against local similarity methods, correctness cannot be judged without a person or a language model.
"""
