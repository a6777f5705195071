# What an installed Norma consists of; filled together with the C ABI.
