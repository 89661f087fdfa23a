"""What was observed, made into what a plan rests on: measurements, assumptions, corrections, another choice.

Pure: takes numbers, returns values. Whoever asks AWS for the numbers is ``headway.account``; nothing here is written.
"""
