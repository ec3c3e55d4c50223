# SPDX-License-Identifier: MIT
# complete.zsh - zsh on a terminal, with the completions loaded, completes what a person types.
zmodload zsh/zpty || exit 1
$PORTICO completion zsh >$dir/_portico
touch $dir/afile.ini

# Control-X shows what the line has become: the terminal gets the difference only.
cat >$dir/setup <<'END'
PS1='> '
fpath=($dir $fpath)
autoload -U compinit
compinit -u -D
show() { print -r -- "[$BUFFER]" }
zle -N show
bindkey '^X' show
print LOADED$+_comps[portico]
END

zpty shell zsh -f -i
zpty -w shell ". $dir/setup"
zpty -r -m shell said '*LOADED1*' || { print "not loaded: ${(V)said}"; exit 1 }

# completes LINE BECOMES
completes() {
	zpty -w -n shell $'\C-u'$1$'\t\C-x'
	zpty -r -m shell said '*\[*\]*'
	[[ $said == *"[$2]"* ]] || { print "$1: no [$2] in ${(V)said}"; exit 1 }
}

completes 'portico pro' 'portico promote '
completes 'portico reload --c' 'portico reload --canary='
completes 'portico soak --rel' 'portico soak --reloads='
completes 'portico completion f' 'portico completion fish '
completes "portico -c $dir/afi" "portico -c $dir/afile.ini "
completes "portico plugin $dir/afi" "portico plugin $dir/afile.ini "
completes 'portico run --set a=b --se' 'portico run --set a=b --set='
completes 'portico -c x.ini statu' 'portico -c x.ini status '
zpty -d shell
