"""The package that `greenroom plugin new` copies: a working plugin called my_plugin, with its tests.

It is an ordinary plugin, so that it is checked like all other code here; copying puts another name into it.
"""
