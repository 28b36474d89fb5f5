"""What can be wrong in a home: conditions that begin and end, any number at once, and leave nothing behind.

```
register    begins and ends them: numbers, time to live, all clear
catalogue   which there are; a name and parameters from outside, checked
  air link_layer router elsewhere machines neighbours   the conditions, by what they touch
    firewall damage intruder   what of them is longer than a line or two
  condition   what they have in common: parameters that are checked, and what they may do
active      one that has begun
doing       what one condition has done, and how it is undone
  claims    the state of a machine when several conditions want to change it
  hands     what the keeper of the home does for them
words/      the sentences, in Japanese and English
```
"""
